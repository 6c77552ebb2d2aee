; Ciphers on string ports and characters: Caesar, Vigenere, Morse, run lengths, and text filters.
(import (scheme base) (scheme char) (scheme write))

; Copies the characters of a text, each as `convert` makes it: a character or a string.
(define (filter-text text convert)
  (define in (open-input-string text))
  (define out (open-output-string))
  (let loop ((c (read-char in)))
    (if (eof-object? c)
        (get-output-string out)
        (begin
          (display (convert c) out)
          (loop (read-char in))))))

(define (rotate c amount)
  (define (from base)
    (integer->char
     (+ (char->integer base)
        (modulo (+ amount (- (char->integer c) (char->integer base))) 26))))
  (cond ((and (char-alphabetic? c) (char-upper-case? c)) (from #\A))
        ((char-alphabetic? c) (from #\a))
        (else c)))
(define (caesar text amount) (filter-text text (lambda (c) (rotate c amount))))

(define (vigenere text key direction)
  (define index 0)
  (filter-text
   text
   (lambda (c)
     (if (char-alphabetic? c)
         (let ((k (string-ref key (modulo index (string-length key)))))
           (set! index (+ index 1))
           (rotate c (* direction (- (char->integer (char-downcase k)) (char->integer #\a)))))
         c))))

(define morse
  '((#\a . ".-") (#\c . "-.-.") (#\e . ".") (#\h . "....") (#\m . "--") (#\o . "---") (#\r . ".-.")
    (#\s . "...") (#\space . "/")))
(define (to-morse text)
  (filter-text text
               (lambda (c)
                 (let ((found (assv (char-downcase c) morse)))
                   (if found (string-append (cdr found) " ") "? ")))))
(define (from-morse code)
  (define in (open-input-string code))
  (define out (open-output-string))
  (define (end-letter letter)
    (for-each
     (lambda (entry) (if (string=? (cdr entry) letter) (write-char (car entry) out)))
     morse))
  (let loop ((letter ""))
    (let ((c (read-char in)))
      (cond ((eof-object? c) (end-letter letter) (get-output-string out))
            ((char=? c #\space) (end-letter letter) (loop ""))
            (else (loop (string-append letter (string c))))))))

(define (run-lengths text)
  (define in (open-input-string text))
  (define out (open-output-string))
  (let loop ()
    (let ((c (read-char in)))
      (unless (eof-object? c)
        (let count ((n 1))
          (if (eqv? (peek-char in) c)
              (begin (read-char in) (count (+ n 1)))
              (begin
                (if (> n 1) (write n out))
                (write-char c out))))
        (loop))))
  (get-output-string out))

(define (capitalize text)
  (define start #t)
  (filter-text text
               (lambda (c)
                 (let ((result (if start (char-upcase c) (char-downcase c))))
                   (set! start (char-whitespace? c))
                   result))))
(define (palindrome? text)
  (let* ((letters (filter-text text (lambda (c) (if (char-alphabetic? c) (char-downcase c) ""))))
         (chars (string->list letters)))
    (equal? chars (reverse chars))))

(define-syntax show
  (syntax-rules () ((_ expression) (begin (write expression) (newline)))))
(show (caesar "Hello, World!" 3))
(show (caesar (caesar "Hello, World!" 3) -3))
(show (caesar "The Quick Brown Fox" 13))
(show (vigenere "Attack at dawn" "Lemon" 1))
(show (vigenere (vigenere "Attack at dawn" "Lemon" 1) "Lemon" -1))
(show (to-morse "Some more"))
(show (from-morse (to-morse "cheers")))
(show (run-lengths "aaabccddddde"))
(show (capitalize "the quick BROWN fox"))
(show (map palindrome? '("A man, a plan, a canal: Panama" "Scheme" "")))
(show (let ((in (open-input-string "one\ntwo\n\nfour")))
        (let loop ((lines '()))
          (let ((line (read-line in)))
            (if (eof-object? line) (reverse lines) (loop (cons line lines)))))))
