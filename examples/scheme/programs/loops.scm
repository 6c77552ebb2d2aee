; Loops that are no procedures, the forms of instructions, and calls of the procedure by itself.
(define (show . values) (for-each (lambda (v) (write v) (display " ")) values) (newline))

; A closure captures a new variable in each turn, also one that is assigned.
(define (closures n)
  (let loop ((i 0) (made '()))
    (if (= i n)
        (map (lambda (f) (f)) made)
        (let ((twice (* i 2)))
          (loop (+ i 1) (cons (lambda () (set! i (+ i 10)) (+ i twice)) made))))))
(show (closures 4))

; Loops in loops, in arguments, in conditions, and with definitions and variables around the calls.
(define (grid rows columns)
  (+ 1000
     (let outer ((y 0) (sum 0))
       (if (= y rows)
           sum
           (let inner ((x 0) (sum sum))
             (cond ((= x columns) (outer (+ y 1) sum))
                   ((and (= x 1) (= y 1)) (let ((more (+ sum 100))) (inner (+ x 1) more)))
                   (else (inner (+ x 1) (+ sum 1)))))))
     (do ((i 0 (+ i 1)) (sum 0 (begin (same i) (+ sum i)))) ((= i 5) sum))))
(define (same i) i)
(show (grid 3 4))
(show (if (let loop ((i 0)) (or (= i 7) (and (< i 9) (loop (+ i 1))))) 'found 'missing))
(show (let loop ((i 0))
        (define (next) (+ i 1))
        (define limit 3)
        (if (< i limit) (loop (next)) (list i limit))))

; These are procedures all the same: they are used otherwise, or not in the last place.
(show (let loop ((i 5)) (if (= i 0) '() (cons i (loop (- i 1))))))
(show (let loop ((i 0)) (if (< i 3) (map (lambda (v) (loop (+ i 1))) '(1 2)) i)))
(show (let loop ((i 0) (f car)) (if (< i 1) (loop (+ i 1) loop) (procedure? f))))
(show (let loop ((i 0)) (if (< i 3) (begin (set! i (+ i 1)) (loop i)) i)))
(show (let loop ((i 3) (rest '())) (if (= i 0) rest (apply loop (list (- i 1) (cons i rest))))))
(show ((lambda (a . rest) (list a rest)) 1 2 3) ((lambda (a b) (- a b)) 7 2) ((lambda () 4)))

; A continuation finds the variables of a loop as they were.
(define saved #f)
(define times 0)
(show (let loop ((i 0) (seen '()))
        (if (= i 4)
            (reverse seen)
            (loop (+ i 1)
                  (cons (call-with-current-continuation
                         (lambda (k) (if (= i 2) (set! saved k)) i))
                        seen)))))
(if (< times 2)
    (begin (set! times (+ times 1)) (saved (* times 10))))

; Each comparison as a value, as a condition and as its opposite, with each kind of operand.
(define-syntax forms
  (syntax-rules ()
    ((_ test a b)
     (list (test a b) (if (test a b) 1 2) (if (not (test a b)) 1 2) (and (test a b) 3)
           (let ((x a) (y b)) (list (test x y) (if (test x y) 1 2) (if (not (test x y)) 1 2)))
           (let ((x a)) (if (or (test x b) (not (test b x))) 1 2))))))
(define one 1)
(define-syntax compare
  (syntax-rules () ((_ test) (show 'test (forms test one 2) (forms test 2 one) (forms test 1.5 1)
                                   (forms test 1000000000000 one) (forms test one 1)))))
(compare <)
(compare >)
(compare <=)
(compare >=)
(compare =)
(show (forms eq? 'a 'b) (forms eq? 'a 'a) (forms eq? "" 1))
(show (+ 1 2 3) (- 10 1 2 3) (* 2 3.5 4) (+ one 2.5) (- 2 one) (* one 536870911 2) (+ 536870911 one))
(show (let ((l '((1 2) 3 4)))
        (list (car l) (cdr l) (cadr l) (cddr l) (caar l) (null? l) (pair? l) (if (null? (cdr l)) 1 2)
              (if (pair? l) 1 2) (if (not (pair? l)) 1 2) (cons l one) (cons 1 '()) (zero? 0.0))))
(define v (vector 1 2 3))
(show (let ((i 1)) (list (vector-ref v i) (vector-ref v 2) (string-ref "abc" i) (quotient 7 2)
                         (remainder -7 2) (vector-length v) (string-length "four"))))
(define p (list 1 2))
(set-car! p 5)
(set-cdr! (cdr p) 6)
(show p)

; Operands of the wrong kind are errors, whatever the form of the instruction.
(define-syntax fails
  (syntax-rules ()
    ((_ expression ...)
     (show (call-with-current-continuation
            (lambda (k) (with-exception-handler (lambda (e) (k 'error)) (lambda () expression))))
           ...))))
(define (wrong) 'wrong)
(fails (car (wrong)) (let ((x 1)) (cdr x)) (let ((x 'a)) (if (< x 1) 1 2)) (+ (wrong) 1)
       (let ((x 1)) (+ 2 x 'a)) (vector-ref v 3) (let ((i -1)) (vector-ref v i)) (set-cdr! 1 2)
       (vector-length "a") (string-length v) (undefined-procedure 1) (wrong 1)
       (let loop ((i 0)) (loop)) (let loop ((i 0)) (if (= i 1) (loop 1 2) (loop (+ i 1)))))
