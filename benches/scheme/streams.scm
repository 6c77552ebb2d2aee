; Primes as a stream: a pair of a value and of a closure that makes the rest.
(define (from n)
  (cons n (lambda () (from (+ n 1)))))

(define (rest stream)
  ((cdr stream)))

(define (filter-stream keep? stream)
  (if (keep? (car stream))
      (cons (car stream) (lambda () (filter-stream keep? (rest stream))))
      (filter-stream keep? (rest stream))))

(define (sieve stream)
  (let ((prime (car stream)))
    (cons prime
          (lambda ()
            (sieve (filter-stream (lambda (n) (not (= (remainder n prime) 0)))
                                  (rest stream)))))))

(define (nth stream n)
  (if (= n 0)
      (car stream)
      (nth (rest stream) (- n 1))))

(display (nth (sieve (from 2)) 2600))
(newline)
