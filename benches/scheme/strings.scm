; Builds texts of nested lists of numbers, and parses them character by character.
(define (text depth)
  (if (= depth 0)
      (number->string 1234)
      (string-append "(" (text (- depth 1)) " " (text (- depth 1)) ")")))

; The results of the parser: a datum and where it ends.
(define (parse string at)
  (if (char=? (string-ref string at) #\()
      (parse-list string (+ at 1) '())
      (parse-number string at 0)))

(define (parse-number string at number)
  (if (and (< at (string-length string)) (digit? (string-ref string at)))
      (parse-number string
                    (+ at 1)
                    (+ (* number 10)
                       (- (char->integer (string-ref string at)) (char->integer #\0))))
      (cons number at)))

(define (digit? character)
  (and (char>=? character #\0) (char<=? character #\9)))

(define (parse-list string at done)
  (cond ((char=? (string-ref string at) #\)) (cons done (+ at 1)))
        ((char=? (string-ref string at) #\space) (parse-list string (+ at 1) done))
        (else (let ((result (parse string at)))
                (parse-list string (cdr result) (cons (car result) done))))))

(define (total datum)
  (cond ((pair? datum) (+ (total (car datum)) (total (cdr datum))))
        ((null? datum) 0)
        (else datum)))

(define (repeat count)
  (let loop ((i 0) (sum 0))
    (if (= i count)
        sum
        (loop (+ i 1) (+ sum (total (car (parse (text 10) 0))))))))

(display (repeat 360))
(newline)
