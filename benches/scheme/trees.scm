; Binary trees of several depths, while a large one stays.
(define (make depth)
  (if (= depth 0)
      (cons '() '())
      (cons (make (- depth 1)) (make (- depth 1)))))

(define (count tree)
  (if (null? (car tree))
      1
      (+ 1 (count (car tree)) (count (cdr tree)))))

(define stays (make 16))

(define (repeat count-of-trees depth)
  (let loop ((i 0) (sum 0))
    (if (= i count-of-trees)
        sum
        (loop (+ i 1) (+ sum (count (make depth)))))))

(define (run depth sum)
  (if (> depth 16)
      sum
      (run (+ depth 4)
           (+ sum (repeat (quotient 524288 (vector-ref '#(1 2 4 8 16 32 64 128 256 512 1024 2048
                                                         4096 8192 16384 32768 65536)
                                                      depth))
                          depth)))))

(display (+ (run 4 0) (count stays)))
(newline)
