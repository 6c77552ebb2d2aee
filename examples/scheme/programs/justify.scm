; Counts the words of a text, and sets it in lines of equal length.
(import (scheme base) (scheme char) (scheme write) (srfi 69))

(define text
  "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age
   of foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the season
   of Light, it was the season of Darkness, it was the spring of hope, it was the winter of
   despair.")

; Splits a text where characters do not hold.
(define (split text holds?)
  (let loop ((chars (string->list text)) (word '()) (words '()))
    (define (end-word) (if (null? word) words (cons (list->string (reverse word)) words)))
    (cond ((null? chars) (reverse (end-word)))
          ((holds? (car chars)) (loop (cdr chars) (cons (car chars) word) words))
          (else (loop (cdr chars) '() (end-word))))))

(define (insert entry sorted before?)
  (if (or (null? sorted) (before? entry (car sorted)))
      (cons entry sorted)
      (cons (car sorted) (insert entry (cdr sorted) before?))))
(define (more-frequent? a b)
  (or (> (cdr a) (cdr b)) (and (= (cdr a) (cdr b)) (string<? (car a) (car b)))))
(define (frequencies words)
  (define counts (make-hash-table))
  (for-each
   (lambda (word) (hash-table-update!/default counts word (lambda (n) (+ n 1)) 0))
   words)
  (let loop ((entries (hash-table->alist counts)) (sorted '()))
    (if (null? entries)
        sorted
        (loop (cdr entries) (insert (car entries) sorted more-frequent?)))))

; The words of each line: as many as fit.
(define (fill-lines words width)
  (let loop ((words words) (line '()) (used 0) (lines '()))
    (cond ((null? words) (reverse (cons (reverse line) lines)))
          ((or (null? line) (<= (+ used 1 (string-length (car words))) width))
           (loop (cdr words) (cons (car words) line)
                 (+ used (if (null? line) 0 1) (string-length (car words))) lines))
          (else (loop words '() 0 (cons (reverse line) lines))))))

; Spreads the spaces over the gaps, those that are left over to the first ones.
(define (justify line width)
  (let* ((gaps (- (length line) 1))
         (letters (apply + (map string-length line)))
         (spaces (- width letters)))
    (if (= gaps 0)
        (car line)
        (let loop ((rest (cdr line)) (index 0) (done (car line)))
          (if (null? rest)
              done
              (loop (cdr rest) (+ index 1)
                    (string-append
                     done
                     (make-string (+ (quotient spaces gaps)
                                     (if (< index (remainder spaces gaps)) 1 0))
                                  #\space)
                     (car rest))))))))

(for-each
 (lambda (entry) (write entry) (newline))
 (let ((entries (frequencies (split (string-downcase text) char-alphabetic?))))
   (list (car entries) (cadr entries) (list-ref entries 4) (list-ref entries 6))))
(let loop ((lines (fill-lines (split text (lambda (c) (not (char-whitespace? c)))) 36)))
  (display "|")
  (display (if (null? (cdr lines))
               (apply string-append (map (lambda (word) (string-append word " ")) (car lines)))
               (string-append (justify (car lines) 36) "|")))
  (newline)
  (when (pair? (cdr lines)) (loop (cdr lines))))
