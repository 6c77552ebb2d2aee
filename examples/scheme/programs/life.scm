; Conway's game of life on a board whose edges meet, in vectors of vectors.
(import (scheme base) (scheme write))

(define (parse-board lines)
  (list->vector
   (map (lambda (line) (vector-map (lambda (c) (char=? c #\#)) (string->vector line))) lines)))
(define (height board) (vector-length board))
(define (width board) (vector-length (vector-ref board 0)))
(define (alive? board row column)
  (vector-ref (vector-ref board (modulo row (height board))) (modulo column (width board))))

(define (neighbours board row column)
  (let loop ((offsets '((-1 . -1) (-1 . 0) (-1 . 1) (0 . -1) (0 . 1) (1 . -1) (1 . 0) (1 . 1)))
             (count 0))
    (if (null? offsets)
        count
        (loop (cdr offsets)
              (if (alive? board (+ row (caar offsets)) (+ column (cdar offsets)))
                  (+ count 1)
                  count)))))

(define (build-vector size make)
  (let ((v (make-vector size)))
    (do ((i 0 (+ i 1))) ((= i size) v) (vector-set! v i (make i)))))
(define (step board)
  (build-vector
   (height board)
   (lambda (row)
     (build-vector
      (width board)
      (lambda (column)
        (case (neighbours board row column)
          ((2) (alive? board row column))
          ((3) #t)
          (else #f)))))))

(define (show board)
  (vector-for-each
   (lambda (row)
     (vector-for-each (lambda (alive) (display (if alive "#" "."))) row)
     (newline))
   board))
(define (population board)
  (apply + (map (lambda (row) (apply + (map (lambda (alive) (if alive 1 0)) (vector->list row))))
                (vector->list board))))

(define glider
  (parse-board '(".#......" "..#....." "###....." "........" "........" "........")))
(define blinker (parse-board '("....." "..#.." "..#.." "..#.." ".....")))

(let loop ((generation 0) (board glider))
  (if (memv generation '(0 1 4))
      (begin
        (display generation)
        (newline)
        (show board)))
  (if (< generation 4)
      (loop (+ generation 1) (step board))
      (begin (write (population board)) (newline))))
(show (step blinker))
(write (equal? blinker (step (step blinker))))
(newline)
