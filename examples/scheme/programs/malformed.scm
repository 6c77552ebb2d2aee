; Malformed texts and forms. Each must raise an error object, and nothing may crash.
(load "lib/test.scm")

(define (evaluate text) (eval (read (open-input-string text)) (interaction-environment)))
(define (check-all texts) (for-each (lambda (text) (test-error (evaluate text))) texts))

; Forms of a wrong shape.
(check-all
 '("()" "(quote)" "(quote . 1)" "(quote 1 2)" "(if)" "(if 1)" "(if 1 2 3 4)" "(if . 1)" "(lambda)"
   "(lambda 1)" "(lambda (1) 1)" "(lambda (x x) x)" "(lambda (x . 1) 1)" "(lambda x)"
   "(lambda (x))" "(define)" "(define 1)" "(define 1 2)" "(define (1) 2)" "(define x 1 2)"
   "(define \"x\" 1)" "(set!)" "(set! 1 2)" "(set! x)" "(set! x 1 2)" "(begin . 1)" "(let)"
   "(let x)" "(let x 1)" "(let x y z)" "(let 1 2)" "(let ((x)) x)" "(let ((1 2)) 3)" "(let (x) x)"
   "(let ((x 1) . 2) x)" "(let ((x 1)))" "(let ((x 1) (x 2)) x)" "(let f ((1 2)) 3)"
   "(let f ((x 1) . 2) x)" "(let* 1 2)" "(let* ((x)) 1)" "(letrec)" "(letrec 1)" "(letrec 1 2)"
   "(letrec (1) 2)" "(letrec ((x)) 2)" "(letrec ((1 2)) 3)" "(letrec* ((x 1 2)) 3)" "(cond)"
   "(cond 1)" "(cond ())" "(cond (1 =>))" "(cond (1 => 2 3))" "(cond . 1)" "(cond (1 . 2))"
   "(case)" "(case 1 2)" "(case 1 (2))" "(case 1 (2 3))" "(case 1 ((1)))" "(case 1 ((1) =>))"
   "(case 1 (else =>))" "(case 1 ((1) . 2))" "(case 1 . 2)" "(case 1 (else))" "(and . 1)"
   "(or . 1)" "(when)" "(when . 1)" "(when #t . 1)" "(unless)" "(unless 1 . 2)" "(do)" "(do 1)"
   "(do 1 2)" "(do () )" "(do () 1)" "(do () ())" "(do (1) (1))" "(do ((i)) (1))"
   "(do ((1 2)) (#t))" "(do ((i 0 1 2)) (#t))" "(do ((i 0) . 1) (#t))" "(do ((i 0)) (#t . 1))"
   "(do ((i 0)) (#t) . 1)" "(delay)" "(delay . 1)" "(delay-force)" "(guard)" "(guard 1)"
   "(guard ())" "(guard (e))" "(guard (1))" "(guard (1) (raise 1))" "(guard (e 1) (raise 2))"
   "(guard (e (#t . 1)) (raise 2))" "(guard (e . 1) (raise 2))" "(define-record-type)"
   "(define-record-type x)" "(define-record-type 1 2 3)" "(define-record-type 1 2 3 4)"
   "(define-record-type r (m x) p)" "(define-record-type r (m 1) p (x x))"
   "(define-record-type r (m y) p (x x))" "(define-record-type r m p 1)"
   "(define-record-type r m p (1))" "(define-record-type r m p (x 1))"
   "(define-record-type r m p (x a . 2))" "(define-record-type r m p (x a b c))"
   "(define-record-type r (m . x) p (x a))" "(define-record-type r m p . 1)"
   "(define-record-type () m p)" "(define-record-type r 1 p)" "(define-record-type r m 1)"
   "(define-record-type r m p (x ()))" "(define-syntax)" "(define-syntax x)" "(define-syntax x 1)"
   "(define-syntax 1 2)" "(define-syntax x (syntax-rules))" "(define-syntax x (syntax-rules 1))"
   "(define-syntax 1 (syntax-rules ()))" "(begin (define-syntax x (syntax-rules () 1)) (x))"
   "(begin (define-syntax x (syntax-rules () (1))) (x))"
   "(begin (define-syntax x (syntax-rules () (1 2))) (x))"
   "(begin (define-syntax x (syntax-rules () ((_ a ...) a))) (x 1))"
   "(begin (define-syntax x (syntax-rules () ((_ a) (a ...)))) (x 1))"
   "(begin (define-syntax x (syntax-rules () ((_ a ... b ...) 1))) (x 1))"
   "(begin (define-syntax x (syntax-rules ())) (x))"
   "(begin (define-syntax x (syntax-rules ... ())) (x))"
   "(begin (define-syntax y (syntax-rules () ((_ a ...) '(a ... ... ...)))) (y 1))"
   "(begin (define-syntax y (syntax-rules () ((_ (a ...) (b ...)) '((a b) ...)))) (y (1 2) (3)))"
   "(let-syntax)" "(let-syntax 1)" "(let-syntax 1 2)" "(let-syntax (1) 2)"
   "(let-syntax ((x 1)) 2)" "(let-syntax ((1 (syntax-rules ()))) 2)" "(letrec-syntax ((x)) 2)"
   "(syntax-rules ())" "(let-values)" "(let-values 1)" "(let-values 1 2)" "(let-values (1) 2)"
   "(let-values ((a)) 2)" "(let-values ((1 2)) 3)" "(let-values (((a b) 1)) a)"
   "(let-values (((a) (values 1 2))) a)" "(let-values (((a . b) (values))) a)"
   "(let*-values (((a b) 1)) a)" "(let*-values ((1 2)) 3)" "(let*-values (((1) 2)) 3)"
   "(define-values)" "(define-values 1)" "(define-values 1 2)" "(define-values (a b))"
   "(define-values (a b) 1)" "(define-values (1) 1)" "(define-values (a . 1) 1)"
   "(define-values (a) 1 2)" "(case-lambda 1)" "(case-lambda (1))" "(case-lambda (1 2))"
   "((case-lambda) 1)" "((case-lambda ((a) 1)) 1 2)" "(case-lambda . 1)" "(assert)" "(assert . 1)"
   "(assert #f)" "(parameterize)" "(parameterize 1)" "(parameterize 1 2)" "(parameterize (1) 2)"
   "(parameterize ((1)) 2)" "(parameterize ((1 2)) 2)" "(parameterize ((car 2)) 2)"
   "(parameterize ((current-output-port 2)) 2)" "(parameterize (((make-parameter 1) 2) . 3) 2)"
   "(quasiquote)" "(quasiquote . 1)" "`(1 ,@2 3)" "`#(1 ,@2)" "(1 . 2)" "(car . 1)" "(car 1 . 2)"
   "(lambda () . 1)" "(let () . 1)" "(let ())" "(import . 1)" "(define (f . 1) 2)" "(define () 1)"
   "(car (define x 1))" "(let loop)" "(let ((f (lambda (x) (if)))) f)" "(begin #0=(1 . #0#))"
   "(eval '#0=(+ 1 . #0#))" "(#1=#1#)" "(#1=#2# #2=#1#)" "(#;)" "(quote #;1)" "(.)" "(. .)"
   "(1 .)" "(1 . 2 3)" "(1 . . 2)"))

; Texts that are no data.
(check-all
 '("#0=(1 . #0#)" "#0=(car #0#)" "#0=#(#0#)" "#1#" "#99999999999=1" "#u8(#0#)" "#u8(1 . 2)"
   "#u8(-1)" "#u8" "#(1 . 2)" "#\\xffffffffff" "#\\x110000" "#\\xd800" "\"\\x110000;\""
   "\"\\xd800;\"" "\"\\q\"" "\"\\x;\"" "\"\\x41\"" "." ")" "#" "#!eof" "#t1" "#fals" "#e1.5"
   "#e1e400" "#i" "#x" "#xg" "#b2" "(1" "\"open" "|open" "#(1" "#u8(1" "'" "(1 ."))

; Macros that never end, and forms that are nested too deeply.
(define-syntax forever (syntax-rules () ((_) (forever))))
(define-syntax grow (syntax-rules () ((_ a) (grow (a a)))))
(define (nested depth)
  (let loop ((depth depth) (form 1)) (if (= depth 0) form (loop (- depth 1) (list '- form)))))
(test-error (eval (nested 2001)))
(test 1 (eval (nested 100)))
(test-error (eval '(forever)))
(report)
