; Cases with the values that they should have. Failures are printed, and the number of cases.
(define cases 0)
(define (check expected found form)
  (set! cases (+ cases 1))
  (unless (equal? expected found)
    (write form)
    (display " is ")
    (write found)
    (display " instead of ")
    (write expected)
    (newline)))
(define (what-raised e)
  (if (error-object? e) (list 'error (error-object-message e)) (list 'raised e)))

(define-syntax test
  (syntax-rules ()
    ((_ expected expression)
     (check expected (guard (e (#t (what-raised e))) expression) 'expression))))
; The expression must raise an error object.
(define-syntax test-error
  (syntax-rules ()
    ((_ expression)
     (check 'error
            (guard (e ((error-object? e) 'error) (#t (list 'raised e))) expression)
            'expression))))
(define (report)
  (display cases)
  (display " cases")
  (newline))
