; A merge sort of a list of random numbers, which makes each list anew.
(define (next seed)
  (remainder (+ (* seed 421) 17117) 65521))

(define (random-list count)
  (let loop ((i 0) (seed 1) (list '()))
    (if (= i count)
        list
        (loop (+ i 1) (next seed) (cons seed list)))))

(define (merge a b)
  (let loop ((a a) (b b) (done '()))
    (cond ((null? a) (join done b))
          ((null? b) (join done a))
          ((< (car b) (car a)) (loop a (cdr b) (cons (car b) done)))
          (else (loop (cdr a) b (cons (car a) done))))))

(define (join reversed list)
  (if (null? reversed)
      list
      (join (cdr reversed) (cons (car reversed) list))))

; Sorts the first `count` elements.
(define (sort-first count list)
  (if (= count 1)
      (cons (car list) '())
      (let ((half (quotient count 2)))
        (merge (sort-first half list)
               (sort-first (- count half) (tail list half))))))

(define (tail list count)
  (if (= count 0)
      list
      (tail (cdr list) (- count 1))))

; A sum that depends on the order.
(define (checksum list)
  (let loop ((list list) (sum 0))
    (if (null? list)
        sum
        (loop (cdr list) (remainder (+ (* sum 31) (car list)) 65521)))))

(define (repeat count)
  (let ((list (random-list 20000)))
    (let loop ((i 0) (sum 0))
      (if (= i count)
          sum
          (loop (+ i 1) (+ sum (checksum (sort-first 20000 list))))))))

(display (repeat 15))
(newline)
