; An evaluator of Scheme in Scheme, whose environments are association lists.
(define (evaluate e environment)
  (cond ((symbol? e) (cdr (assq e environment)))
        ((not (pair? e)) e)
        ((eq? (car e) 'if)
         (if (evaluate (cadr e) environment)
             (evaluate (car (cddr e)) environment)
             (evaluate (cadr (cddr e)) environment)))
        ((eq? (car e) 'lambda)
         (lambda (arguments)
           (evaluate (car (cddr e)) (bind (cadr e) arguments environment))))
        (else ((evaluate (car e) environment) (evaluate-all (cdr e) environment)))))

(define (evaluate-all list environment)
  (if (null? list)
      '()
      (cons (evaluate (car list) environment) (evaluate-all (cdr list) environment))))

(define (bind names values environment)
  (if (null? names)
      environment
      (cons (cons (car names) (car values)) (bind (cdr names) (cdr values) environment))))

(define globals
  (list (cons '+ (lambda (arguments) (+ (car arguments) (cadr arguments))))
        (cons '- (lambda (arguments) (- (car arguments) (cadr arguments))))
        (cons '< (lambda (arguments) (< (car arguments) (cadr arguments))))))

; fib gets itself as an argument.
(define program
  '((lambda (fib) (fib fib 25))
    (lambda (self n)
      (if (< n 2)
          n
          (+ (self self (- n 1)) (self self (- n 2)))))))

(display (evaluate program globals))
(newline)
