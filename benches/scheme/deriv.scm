; Derivatives of an expression, which is a list of symbols, numbers and lists.
(define (derive-all list)
  (if (null? list)
      '()
      (cons (derive (car list)) (derive-all (cdr list)))))

(define (quotients list)
  (if (null? list)
      '()
      (cons (cons '/ (cons (derive (car list)) (cons (car list) '())))
            (quotients (cdr list)))))

(define (derive e)
  (cond ((not (pair? e)) (if (eq? e 'x) 1 0))
        ((eq? (car e) '+) (cons '+ (derive-all (cdr e))))
        ((eq? (car e) '-) (cons '- (derive-all (cdr e))))
        ((eq? (car e) '*) (cons '* (cons e (cons (cons '+ (quotients (cdr e))) '()))))
        (else #f)))

(define (size e)
  (if (pair? e)
      (+ 1 (size (car e)) (size (cdr e)))
      1))

(define expression '(+ (* 3 x x) (* a x x) (* b x) (- (* 5 x) (+ x 1)) 5))

(define (repeat count)
  (let loop ((i 0) (sum 0))
    (if (= i count)
        sum
        (loop (+ i 1) (+ sum (size (derive expression)))))))

(display (repeat 60000))
(newline)
