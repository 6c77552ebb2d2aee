; All solutions of the eight queens, with lists of rows. Short lists live briefly.
(define (one-to n)
  (let loop ((i n) (list '()))
    (if (= i 0)
        list
        (loop (- i 1) (cons i list)))))

(define (safe? row distance placed)
  (or (null? placed)
      (and (not (= (car placed) (+ row distance)))
           (not (= (car placed) (- row distance)))
           (safe? row (+ distance 1) (cdr placed)))))

(define (join reversed list)
  (if (null? reversed)
      list
      (join (cdr reversed) (cons (car reversed) list))))

; Tries the rows of `rows`. Those of `tried` are free too, but not for this queen.
(define (solve rows tried placed)
  (if (null? rows)
      (if (null? tried) 1 0)
      (+ (if (safe? (car rows) 1 placed)
             (solve (join tried (cdr rows)) '() (cons (car rows) placed))
             0)
         (solve (cdr rows) (cons (car rows) tried) placed))))

(define (repeat count)
  (let loop ((i 0) (sum 0))
    (if (= i count)
        sum
        (loop (+ i 1) (+ sum (solve (one-to 8) '() '()))))))

(display (repeat 300))
(newline)
