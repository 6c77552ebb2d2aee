; The leaves of a tree, one after another: the walk is left and entered again by continuations.
(define (make depth)
  (if (= depth 0)
      depth
      (cons (make (- depth 1)) (make (- depth 1)))))

; A procedure that returns the next leaf, or #f.
(define (leaves tree)
  (define return #f)
  (define (walk tree)
    (if (pair? tree)
        (begin (walk (car tree)) (walk (cdr tree)))
        (call-with-current-continuation
         (lambda (rest)
           (set! resume (lambda () (rest #f)))
           (return tree)))))
  (define resume
    (lambda ()
      (walk tree)
      (set! resume (lambda () (return #f)))
      (return #f)))
  (lambda ()
    (call-with-current-continuation
     (lambda (k)
       (set! return k)
       (resume)))))

(define (count next)
  (let loop ((n 0))
    (if (next)
        (loop (+ n 1))
        n)))

(define tree (make 12))

(define (repeat times)
  (let loop ((i 0) (sum 0))
    (if (= i times)
        sum
        (loop (+ i 1) (+ sum (count (leaves tree)))))))

(display (repeat 100))
(newline)
