; A hash table of association lists, which grows.
(define buckets (make-vector 16 '()))
(define entries 0)

(define (find key list)
  (cond ((null? list) #f)
        ((= (car (car list)) key) (car list))
        (else (find key (cdr list)))))

(define (add! entry vector)
  (let ((index (remainder (car entry) (vector-length vector))))
    (vector-set! vector index (cons entry (vector-ref vector index)))))

(define (grow!)
  (let ((larger (make-vector (+ (* 2 (vector-length buckets)) 1) '())))
    (let loop ((i 0))
      (if (< i (vector-length buckets))
          (begin
            (let each ((list (vector-ref buckets i)))
              (if (pair? list)
                  (begin
                    (add! (car list) larger)
                    (each (cdr list)))))
            (loop (+ i 1)))))
    (set! buckets larger)))

(define (increment! key)
  (let ((entry (find key (vector-ref buckets (remainder key (vector-length buckets))))))
    (if entry
        (set-cdr! entry (+ (cdr entry) 1))
        (begin
          (if (= entries (vector-length buckets)) (grow!))
          (set! entries (+ entries 1))
          (add! (cons key 1) buckets)))))

(define (most)
  (let loop ((i 0) (best 0))
    (if (= i (vector-length buckets))
        best
        (loop (+ i 1)
              (let each ((list (vector-ref buckets i)) (best best))
                (if (null? list)
                    best
                    (each (cdr list) (if (> (cdr (car list)) best) (cdr (car list)) best))))))))

(define (next seed)
  (remainder (+ (* seed 421) 17117) 65521))

(let loop ((i 0) (seed 1))
  (if (< i 2500000)
      (begin
        (increment! (quotient (* seed (remainder seed 16)) 16))
        (loop (+ i 1) (next seed)))))

(display (+ (* entries 1000) (most)))
(newline)
