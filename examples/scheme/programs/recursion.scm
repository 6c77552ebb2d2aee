; Deep and mutual recursion: Takeuchi, Ackermann, Hanoi, McCarthy, Hofstadter, Collatz.
(import (scheme base) (scheme write))

(define-syntax show
  (syntax-rules ()
    ((_ expression) (begin (write 'expression) (display " = ") (write expression) (newline)))))

(define (tak x y z)
  (if (< y x) (tak (tak (- x 1) y z) (tak (- y 1) z x) (tak (- z 1) x y)) z))
; The same with lists for numbers: as long as the number.
(define (longer? a b) (and (pair? a) (or (null? b) (longer? (cdr a) (cdr b)))))
(define (tak-lists x y z)
  (if (longer? x y)
      (tak-lists (tak-lists (cdr x) y z) (tak-lists (cdr y) z x) (tak-lists (cdr z) x y))
      z))
; The same in continuation passing style.
(define (tak-cps x y z k)
  (if (< y x)
      (tak-cps (- x 1) y z
               (lambda (a)
                 (tak-cps (- y 1) z x
                          (lambda (b) (tak-cps (- z 1) x y (lambda (c) (tak-cps a b c k)))))))
      (k z)))
(define (count-down n) (if (= n 0) '() (cons n (count-down (- n 1)))))
(show (tak 8 5 2))
(show (length (tak-lists (count-down 6) (count-down 4) (count-down 1))))
(show (tak-cps 6 4 1 (lambda (v) v)))

(define (ackermann m n)
  (cond ((= m 0) (+ n 1))
        ((= n 0) (ackermann (- m 1) 1))
        (else (ackermann (- m 1) (ackermann m (- n 1))))))
(show (map (lambda (m) (ackermann m 3)) '(0 1 2 3)))

(define (hanoi n from to spare)
  (if (= n 0)
      '()
      (append (hanoi (- n 1) from spare to) (list (list from to)) (hanoi (- n 1) spare to from))))
(show (hanoi 3 'a 'c 'b))
(show (length (hanoi 6 'a 'c 'b)))

(define (mccarthy n) (if (> n 100) (- n 10) (mccarthy (mccarthy (+ n 11)))))
(show (map mccarthy '(1 50 99 100 101 102 150)))

(define (female n) (if (= n 0) 1 (- n (male (female (- n 1))))))
(define (male n) (if (= n 0) 0 (- n (female (male (- n 1))))))
(show (map female '(0 1 2 3 4 5 6 7 8 9 10)))
(show (map male '(0 1 2 3 4 5 6 7 8 9 10)))

(define (collatz n) (if (= n 1) 0 (+ 1 (collatz (if (even? n) (quotient n 2) (+ 1 (* 3 n)))))))
(show (map collatz '(1 7 27)))

; Not in tail position: the stack grows, and the collector finds all of it.
(define (sum-to n) (if (= n 0) 0 (+ n (sum-to (- n 1)))))
(show (sum-to 20000))
; In tail position: it does not grow.
(define (loop-to n total) (if (= n 0) total (loop-to (- n 1) (+ total n))))
(show (loop-to 20000 0))
(define (power-set set)
  (if (null? set)
      '(())
      (let ((rest (power-set (cdr set))))
        (append rest (map (lambda (s) (cons (car set) s)) rest)))))
(show (power-set '(a b c)))
(define (permutations list)
  (if (null? list)
      '(())
      (let choose ((before '()) (after list))
        (if (null? after)
            '()
            (append (map (lambda (p) (cons (car after) p))
                         (permutations (append (reverse before) (cdr after))))
                    (choose (cons (car after) before) (cdr after)))))))
(show (permutations '(1 2 3)))
