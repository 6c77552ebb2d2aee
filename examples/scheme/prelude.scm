; The part of the library that is written in Scheme. Names with % are for the compiler and for this
; file.

; --- Errors ---------------------------------------------------------------------------

(define (raise condition)
  (let ((handlers (%handlers)))
    (if (null? handlers)
        (%uncaught condition)
        (begin
          (%set-handlers! (cdr handlers))
          ((car handlers) condition)
          (raise (%condition "a handler returned from raise" condition))))))

(define (raise-continuable condition)
  (let ((handlers (%handlers)))
    (if (null? handlers)
        (%uncaught condition)
        (begin
          (%set-handlers! (cdr handlers))
          (let ((result ((car handlers) condition)))
            (%set-handlers! handlers)
            result)))))

(define (error . arguments) (raise (apply %condition arguments)))

(define (with-exception-handler handler thunk)
  (let ((outer (%handlers)))
    (%set-handlers! (cons handler outer))
    (let ((result (thunk)))
      (%set-handlers! outer)
      result)))

(define (file-error? v) (eq? (%condition-kind v) 'file))
(define (read-error? v) (eq? (%condition-kind v) 'read))

; --- Continuations --------------------------------------------------------------------

; Winders are pairs of what is done on the way in and on the way out. This goes from the current
; list of winders to another one.
(define (%rewind target)
  (let ((here (%winders)))
    (if (not (eq? here target))
        (let ((here-length (length here)) (target-length (length target)))
          (if (> here-length target-length)
              (begin
                (%set-winders! (cdr here))
                ((cdr (car here)))
                (%rewind target))
              (if (and (= here-length target-length) (not (eq? (cdr here) (cdr target))))
                  (begin
                    (%set-winders! (cdr here))
                    ((cdr (car here)))
                    (%rewind target))
                  (if (= here-length target-length)
                      (begin
                        (%set-winders! (cdr here))
                        ((cdr (car here)))
                        ((car (car target)))
                        (%set-winders! target))
                      (begin
                        (%rewind (cdr target))
                        ((car (car target)))
                        (%set-winders! target)))))))))

(define (dynamic-wind before thunk after)
  (before)
  (%set-winders! (cons (cons before after) (%winders)))
  (let ((result (thunk)))
    (%set-winders! (cdr (%winders)))
    (after)
    result))

(define (%call-with-winders capture procedure)
  (capture
   (lambda (k)
     (let ((winders (%winders)))
       (procedure
        (lambda results
          (if (not (eq? winders (%winders))) (%rewind winders))
          (k (apply values results))))))))

(define (call-with-current-continuation procedure) (%call-with-winders %call/cc procedure))
(define call/cc call-with-current-continuation)
; The continuation may be used only until this call returns, but costs less.
(define (call-with-escape-continuation procedure) (%call-with-winders %call/ec procedure))
(define call/ec call-with-escape-continuation)

(define (call-with-values producer consumer) (%spread consumer (producer)))

(define (%guard body handler)
  ((%call/ec
    (lambda (k)
      (let ((winders (%winders)))
        (with-exception-handler
         (lambda (condition)
           (%rewind winders)
           (k (lambda () (handler condition))))
         (lambda ()
           (let ((result (body)))
             (lambda () result)))))))))

(define (%case-lambda . choices)
  (lambda arguments
    (let loop ((rest choices))
      (if (null? rest)
          (error "wrong number of arguments for case-lambda:" arguments)
          (if (%accepts? (car rest) (length arguments))
              (apply (car rest) arguments)
              (loop (cdr rest)))))))

; --- Parameters and promises ----------------------------------------------------------

(define (make-parameter init . converter)
  (let* ((convert (if (pair? converter) (car converter) (lambda (v) v)))
         (content (convert init)))
    (lambda arguments
      (cond ((null? arguments) content)
            ((null? (cdr arguments)) (set! content (car arguments)))
            (else (convert (car arguments)))))))

(define (%parameterize settings thunk)
  (let ((parameters (map car settings))
        (values (map (lambda (setting) ((car setting) (cdr setting) #t)) settings)))
    (define (swap)
      (let ((before (map (lambda (parameter) (parameter)) parameters)))
        (for-each (lambda (parameter v) (parameter v)) parameters values)
        (set! values before)))
    (dynamic-wind swap thunk swap)))

(define-record-type %promise (%new-promise done content) promise?
  (done %promise-done %set-promise-done!)
  (content %promise-content %set-promise-content!))
(define (%make-promise thunk) (%new-promise #f thunk))
(define (make-promise v) (if (promise? v) v (%new-promise #t v)))
(define (force promise)
  (cond ((not (promise? promise)) promise)
        ((%promise-done promise) (%promise-content promise))
        (else
         (let ((result ((%promise-content promise))))
           (if (not (%promise-done promise))
               (if (promise? result)
                   (begin
                     (%set-promise-done! promise (%promise-done result))
                     (%set-promise-content! promise (%promise-content result)))
                   (begin
                     (%set-promise-done! promise #t)
                     (%set-promise-content! promise result))))
           (force promise)))))

; --- Lists ----------------------------------------------------------------------------

(define (%map1 f list)
  (let loop ((rest list) (done '()))
    (if (pair? rest)
        (loop (cdr rest) (cons (f (car rest)) done))
        (reverse done))))

(define (%any-null? lists)
  (and (pair? lists) (or (not (pair? (car lists))) (%any-null? (cdr lists)))))

(define (map f list . lists)
  (if (null? lists)
      (%map1 f list)
      (let loop ((lists (cons list lists)) (done '()))
        (if (%any-null? lists)
            (reverse done)
            (loop (%map1 cdr lists) (cons (apply f (%map1 car lists)) done))))))

(define (for-each f list . lists)
  (if (null? lists)
      (let loop ((rest list))
        (if (pair? rest)
            (begin (f (car rest)) (loop (cdr rest)))))
      (let loop ((lists (cons list lists)))
        (if (not (%any-null? lists))
            (begin (apply f (%map1 car lists)) (loop (%map1 cdr lists)))))))

(define (append-map f list) (apply append (map f list)))
(define (filter keep? list)
  (let loop ((rest list) (done '()))
    (if (pair? rest)
        (loop (cdr rest) (if (keep? (car rest)) (cons (car rest) done) done))
        (reverse done))))
(define (remove drop? list) (filter (lambda (v) (not (drop? v))) list))
(define (reduce f init list) (if (null? list) init (fold f (car list) (cdr list))))
(define (fold f init list)
  (if (pair? list) (fold f (f (car list) init) (cdr list)) init))
(define fold-left
  (lambda (f init list) (if (pair? list) (fold-left f (f init (car list)) (cdr list)) init)))
(define (fold-right f init list)
  (fold (lambda (v result) (f v result)) init (reverse list)))
(define (delete v list) (filter (lambda (other) (not (equal? v other))) list))
(define (list-copy list) (if (pair? list) (cons (car list) (list-copy (cdr list))) list))
(define (last-pair list) (if (pair? (cdr list)) (last-pair (cdr list)) list))
(define (list-head list count)
  (if (= count 0) '() (cons (car list) (list-head (cdr list) (- count 1)))))
(define (list-set! list index v) (set-car! (list-tail list index) v))
(define (make-list count . fill)
  (let loop ((count count) (list '()))
    (if (= count 0) list (loop (- count 1) (cons (if (pair? fill) (car fill) #f) list)))))
(define (iota count . more)
  (let ((start (if (pair? more) (car more) 0))
        (step (if (and (pair? more) (pair? (cdr more))) (cadr more) 1)))
    (let loop ((i (- count 1)) (list '()))
      (if (< i 0) list (loop (- i 1) (cons (+ start (* i step)) list))))))
(define (any holds? list)
  (and (pair? list) (or (holds? (car list)) (any holds? (cdr list)))))
(define (every holds? list)
  (or (null? list)
      (if (null? (cdr list)) (holds? (car list)) (and (holds? (car list)) (every holds? (cdr list))))))
(define (find holds? list)
  (and (pair? list) (if (holds? (car list)) (car list) (find holds? (cdr list)))))
(define (member v list . same)
  (if (null? same)
      (%member v list)
      (let loop ((rest list))
        (and (pair? rest) (if ((car same) v (car rest)) rest (loop (cdr rest)))))))
(define (assoc key list . same)
  (if (null? same)
      (%assoc key list)
      (let loop ((rest list))
        (and (pair? rest) (if ((car same) key (car (car rest))) (car rest) (loop (cdr rest)))))))

; A merge sort, which keeps the order of equal elements.
(define (%merge a b less?)
  (let loop ((a a) (b b) (done '()))
    (cond ((null? a) (%append-reverse done b))
          ((null? b) (%append-reverse done a))
          ((less? (car b) (car a)) (loop a (cdr b) (cons (car b) done)))
          (else (loop (cdr a) b (cons (car a) done))))))
(define (%append-reverse reversed tail)
  (if (pair? reversed) (%append-reverse (cdr reversed) (cons (car reversed) tail)) tail))
(define (%sort-list list count less?)
  (if (< count 2)
      (list-head list count)
      (let ((half (quotient count 2)))
        (%merge (%sort-list list half less?)
                (%sort-list (list-tail list half) (- count half) less?)
                less?))))
(define (sort sequence less?)
  (cond ((procedure? sequence) (sort less? sequence))
        ((vector? sequence) (list->vector (sort (vector->list sequence) less?)))
        (else (%sort-list sequence (length sequence) less?))))
(define list-sort sort)

; --- Numbers --------------------------------------------------------------------------

(define (even? n) (= (remainder n 2) 0))
(define (odd? n) (not (= (remainder n 2) 0)))
(define (abs n) (if (< n 0) (- n) n))
(define (%choose better? first rest)
  (let loop ((best first) (rest rest) (inexact? (inexact? first)))
    (if (null? rest)
        (if inexact? (inexact best) best)
        (loop (if (better? (car rest) best) (car rest) best)
              (cdr rest)
              (or inexact? (not (exact? (car rest))))))))
(define (max first . rest) (%choose > first rest))
(define (min first . rest) (%choose < first rest))
(define (gcd . numbers)
  (fold (lambda (a b) (if (= b 0) (abs a) (gcd b (remainder a b)))) 0 numbers))
(define (lcm . numbers)
  (fold (lambda (a b) (if (or (= a 0) (= b 0)) 0 (abs (* (quotient a (gcd a b)) b)))) 1 numbers))
(define (square n) (* n n))
(define (floor-quotient a b) (quotient (- a (modulo a b)) b))
(define (floor/ a b) (values (floor-quotient a b) (modulo a b)))
(define (truncate/ a b) (values (quotient a b) (remainder a b)))
(define (exact-integer-sqrt n)
  (let loop ((root (exact (floor (sqrt (inexact n))))))
    (cond ((> (* root root) n) (loop (- root 1)))
          ((<= (* (+ root 1) (+ root 1)) n) (loop (+ root 1)))
          (else (values root (- n (* root root)))))))
(define (bitwise-and . numbers) (apply %bitwise 0 -1 numbers))
(define (bitwise-or . numbers) (apply %bitwise 1 0 numbers))
(define (bitwise-xor . numbers) (apply %bitwise 2 0 numbers))
(define (arithmetic-shift n shift) (%bitwise 3 n shift))
(define (boolean=? a b) (eq? a b))
(define (symbol=? a b) (eq? a b))

; --- Strings and vectors --------------------------------------------------------------

(define (string-map f string . strings)
  (list->string (apply map f (string->list string) (map string->list strings))))
(define (string-for-each f string . strings)
  (apply for-each f (string->list string) (map string->list strings)))
(define (string-join strings separator)
  (if (null? strings)
      ""
      (apply string-append
             (car strings)
             (append-map (lambda (string) (list separator string)) (cdr strings)))))
(define (string->vector string) (list->vector (string->list string)))
(define (vector->string vector) (list->string (vector->list vector)))
(define (vector-map f vector . vectors)
  (list->vector (apply map f (vector->list vector) (map vector->list vectors))))
(define (vector-for-each f vector . vectors)
  (apply for-each f (vector->list vector) (map vector->list vectors)))
(define (vector-append . vectors) (list->vector (append-map vector->list vectors)))
(define (with-output-to-string thunk)
  (let* ((port (open-output-string)) (before #f))
    (dynamic-wind (lambda () (set! before (%set-output! port)))
                  thunk
                  (lambda () (%set-output! before)))
    (get-output-string port)))

; --- Hash tables ----------------------------------------------------------------------

(define (make-hash-table . ignored) (%make-hash-table))
(define make-equal-hash-table make-hash-table)
(define (make-eqv-hash-table) (%make-hash-table #t))
(define make-eq-hash-table make-eqv-hash-table)
(define %absent (list 'absent))
(define (hash-table-ref table key . more)
  (let ((found (hash-table-ref/default table key %absent)))
    (cond ((not (eq? found %absent)) (if (and (pair? more) (pair? (cdr more))) ((cadr more) found) found))
          ((pair? more) ((car more)))
          (else (error "hash-table-ref: no such key:" key)))))
(define (hash-table-contains? table key)
  (not (eq? (hash-table-ref/default table key %absent) %absent)))
(define hash-table-exists? hash-table-contains?)
(define (hash-table-update! table key f . more)
  (hash-table-set! table key (f (apply hash-table-ref table key more))))
(define (hash-table-update!/default table key f default)
  (hash-table-set! table key (f (hash-table-ref/default table key default))))
(define (hash-table-keys table) (map car (hash-table->alist table)))
(define (hash-table-values table) (map cdr (hash-table->alist table)))
(define (hash-table-walk table f)
  (for-each (lambda (entry) (f (car entry) (cdr entry))) (hash-table->alist table)))

(define (load name)
  (let ((port (open-input-file name)))
    (let loop ((form (read port)))
      (if (not (eof-object? form))
          (begin (eval form) (loop (read port)))))))

; All libraries are always there.
(define-syntax import (syntax-rules () ((_ library ...) (if #f #f))))
