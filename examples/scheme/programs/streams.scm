; Infinite streams: primes, Fibonacci numbers, merged multiples, and a series for pi.
(import (scheme base) (scheme lazy) (scheme write))

(define-syntax cons-stream
  (syntax-rules () ((_ head tail) (cons head (delay tail)))))
(define head car)
(define (tail stream) (force (cdr stream)))
(define (take stream count)
  (if (= count 0) '() (cons (head stream) (take (tail stream) (- count 1)))))
(define (stream-map f . streams)
  (cons-stream (apply f (map head streams)) (apply stream-map f (map tail streams))))
(define (stream-filter keep? stream)
  (if (keep? (head stream))
      (cons-stream (head stream) (stream-filter keep? (tail stream)))
      (stream-filter keep? (tail stream))))
(define (from n) (cons-stream n (from (+ n 1))))

(define-syntax show
  (syntax-rules () ((_ expression) (begin (write expression) (newline)))))

; The sieve: each prime removes its multiples from the rest.
(define (sieve stream)
  (let ((prime (head stream)))
    (cons-stream prime
                 (sieve (stream-filter (lambda (n) (> (modulo n prime) 0)) (tail stream))))))
(show (take (sieve (from 2)) 15))

; Each prime is tested by the primes before it, in the stream that is being made.
(define primes
  (cons-stream 2
               (stream-filter
                (lambda (n)
                  (let loop ((rest primes))
                    (cond ((> (square (head rest)) n) #t)
                          ((= 0 (modulo n (head rest))) #f)
                          (else (loop (tail rest))))))
                (from 3))))
(show (list-ref (take primes 60) 59))

(define fibonacci (cons-stream 0 (cons-stream 1 (stream-map + fibonacci (tail fibonacci)))))
(show (take fibonacci 20))

; The numbers that have no prime factors but 2, 3 and 5, in order.
(define (merge a b)
  (cond ((< (head a) (head b)) (cons-stream (head a) (merge (tail a) b)))
        ((> (head a) (head b)) (cons-stream (head b) (merge a (tail b))))
        (else (cons-stream (head a) (merge (tail a) (tail b))))))
(define (scale stream factor) (stream-map (lambda (n) (* n factor)) stream))
(define hamming
  (cons-stream 1 (merge (scale hamming 2) (merge (scale hamming 3) (scale hamming 5)))))
(show (take hamming 20))

; Partial sums of Leibniz' series, which Euler's transformation makes converge quickly.
(define (partial-sums stream sum)
  (let ((next (+ sum (head stream)))) (cons-stream next (partial-sums (tail stream) next))))
(define (pi-terms n sign) (cons-stream (/ (* sign 4.0) n) (pi-terms (+ n 2) (- sign))))
(define (accelerate s)
  (let ((a (head s)) (b (head (tail s))) (c (head (tail (tail s)))))
    (cons-stream (- c (/ (square (- c b)) (+ (- a (* 2 b)) c))) (accelerate (tail s)))))
(define approximations (accelerate (accelerate (accelerate (partial-sums (pi-terms 1 1) 0.0)))))
(show (< (abs (- (list-ref (take approximations 9) 8) 3.141592653589793)) 0.000001))

; A promise is computed once.
(define computed 0)
(define promise (delay (begin (set! computed (+ computed 1)) computed)))
(show (list (force promise) (force promise) computed))
; An iteration of promises needs no stack.
(define (countdown n) (if (= n 0) (delay 'done) (delay-force (countdown (- n 1)))))
(show (force (countdown 1000)))
