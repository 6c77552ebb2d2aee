; Huffman codes: the tree of a text, its bits packed into bytes, and the text from the bytes again.
(import (scheme base) (scheme write))

; A tree is (weight character) or (weight left right). Trees in a list are ordered by weight.
(define (insert tree trees)
  (if (or (null? trees) (<= (car tree) (car (car trees))))
      (cons tree trees)
      (cons (car trees) (insert tree (cdr trees)))))
(define (leaves text)
  (let loop ((chars (string->list text)) (counts '()))
    (if (null? chars)
        (let sort ((counts counts) (trees '()))
          (if (null? counts)
              trees
              (sort (cdr counts) (insert (list (cdar counts) (caar counts)) trees))))
        (let ((found (assv (car chars) counts)))
          (if found
              (begin (set-cdr! found (+ (cdr found) 1)) (loop (cdr chars) counts))
              (loop (cdr chars) (cons (cons (car chars) 1) counts)))))))
(define (build trees)
  (if (null? (cdr trees))
      (car trees)
      (let ((a (car trees)) (b (cadr trees)))
        (build (insert (list (+ (car a) (car b)) a b) (cddr trees))))))
(define (leaf? tree) (null? (cddr tree)))

(define (codes tree)
  (let walk ((tree tree) (path '()) (codes '()))
    (if (leaf? tree)
        (cons (cons (cadr tree) (reverse path)) codes)
        (walk (cadr tree) (cons 0 path) (walk (caddr tree) (cons 1 path) codes)))))
(define (encode text codes)
  (apply append (map (lambda (c) (cdr (assv c codes))) (string->list text))))
(define (decode bits tree)
  (let loop ((bits bits) (at tree) (chars '()))
    (cond ((leaf? at) (loop bits tree (cons (cadr at) chars)))
          ((null? bits) (list->string (reverse chars)))
          (else (loop (cdr bits) (if (= (car bits) 0) (cadr at) (caddr at)) chars)))))

; Bits are kept in a bytevector, eight to a byte.
(define (pack bits)
  (define bytes (make-bytevector (quotient (+ (length bits) 7) 8) 0))
  (do ((rest bits (cdr rest)) (i 0 (+ i 1))) ((null? rest) bytes)
    (let ((byte (quotient i 8)))
      (bytevector-u8-set!
       bytes byte
       (+ (* (car rest) (expt 2 (modulo i 8))) (bytevector-u8-ref bytes byte))))))
(define (unpack bytes count)
  (let loop ((i (- count 1)) (bits '()))
    (if (< i 0)
        bits
        (let ((byte (bytevector-u8-ref bytes (quotient i 8))))
          (loop (- i 1)
                (cons (modulo (quotient byte (expt 2 (modulo i 8))) 2) bits))))))

(define (show text)
  (define tree (build (leaves text)))
  (define bits (encode text (codes tree)))
  (define packed (pack bits))
  (write (list (* 8 (string-length text)) (length bits) (bytevector-length packed)))
  (newline)
  (write (string=? text (decode (unpack packed (length bits)) tree)))
  (newline))

(define abra "abracadabra")
; The codes use up all paths: Kraft's sum is 1, here in sixteenths.
(write (apply + (map (lambda (code) (expt 2 (- 4 (length (cdr code)))))
                     (codes (build (leaves abra))))))
(newline)
(show abra)
(show "she sells sea shells by the sea shore; the shells she sells are surely seashells")
(show "so if she sells shells on the seashore, the shells she sells are seashore shells")
