; Exceptions: guard, raise and raise-continuable, nested handlers, and dynamic-wind on the way out.
(import (scheme base) (scheme write))

(define log '())
(define (note! thing) (set! log (cons thing log)))
(define-syntax logged
  (syntax-rules ()
    ((_ body ...)
     (begin
       (set! log '())
       (let ((result (begin body ...)))
         (write (cons result (reverse log)))
         (newline))))))

; A clause is chosen by the kind of the object; without one the next guard gets it.
(define (classify thunk)
  (guard (e ((symbol? e) (list 'symbol e))
            ((assq 'code (if (list? e) e '())) => cdr)
            ((string? e) (string-append e "!")))
    (thunk)))
(logged (classify (lambda () (raise 'oops))))
(logged (classify (lambda () (raise (list (cons 'code 42))))))
(logged (classify (lambda () (raise "text"))))
(logged (classify (lambda () 'fine)))
(logged (guard (e ((number? e) (* e 2))) (classify (lambda () (raise 21)))))

; What leaves a dynamic-wind runs its exit, from the inside to the outside.
(define (wound name thunk)
  (dynamic-wind (lambda () (note! (list 'enter name)))
                thunk
                (lambda () (note! (list 'leave name)))))
(logged (guard (e (#t (note! 'handler) e))
          (wound 'outer (lambda () (wound 'inner (lambda () (raise 'gone)))))))

; raise-continuable returns what the handler returns.
(define (safe-divide a b)
  (if (= b 0) (+ 1 (raise-continuable (list 'division a))) (quotient a b)))
(logged (with-exception-handler
          (lambda (e) (note! e) 100)
          (lambda () (map (lambda (b) (safe-divide 12 b)) '(2 0 4)))))

; A handler runs in the context of raise, with the outer handlers.
(logged (guard (e (#t (list 'outer e)))
          (with-exception-handler
           (lambda (e) (raise (list 'wrapped e)))
           (lambda () (raise 'inner)))))

; Errors have a message and irritants.
(define (report thunk)
  (guard (e ((error-object? e) (list (error-object-message e) (error-object-irritants e)))
            (else (list 'other e)))
    (thunk)))
(logged (report (lambda () (error "wrong number:" 1 "two" '(3)))))
(logged (report (lambda () (raise 'x))))
(logged (map (lambda (thunk) (guard (e ((error-object? e) 'error)) (thunk)))
             (list (lambda () (car 1))
                   (lambda () (vector-ref (vector 1 2) 2))
                   (lambda () (undefined-variable))
                   (lambda () ((lambda (x) x)))
                   (lambda () (+ 'a 1))
                   (lambda () ("not a procedure")))))

; Transactions: what fails is undone, and the exception goes on.
(define balance 100)
(define (transaction change)
  (let ((before balance))
    (guard (e ((eq? e 'too-much) (set! balance before) 'undone))
      (set! balance (change balance))
      (if (< balance 0) (raise 'too-much))
      balance)))
(logged (transaction (lambda (b) (- b 30))))
(logged (transaction (lambda (b) (- b 80))))
(logged balance)

; A generator that is left in the middle and entered again runs the entry again.
(define again #f)
(define count 0)
(logged
 (begin
   (wound 'body (lambda () (call/cc (lambda (k) (set! again k))) (note! 'inside)))
   (set! count (+ count 1))
   (if (< count 3) (again #f))
   count))
