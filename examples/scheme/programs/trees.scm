; Red-black trees without side effects: insertion with balancing, and the rules that they keep.
(import (scheme base) (scheme write))

(define-record-type node (make-node color left key value right) node?
  (color node-color) (left node-left) (key node-key) (value node-value) (right node-right))
(define (red? tree) (and (node? tree) (eq? (node-color tree) 'red)))

; Makes a black node, or turns a red child with a red child of its own.
(define (balance left key value right)
  (define (join a x b y c z d)
    (make-node 'red
               (make-node 'black a (car x) (cdr x) b)
               (car y) (cdr y)
               (make-node 'black c (car z) (cdr z) d)))
  (define (entry node) (cons (node-key node) (node-value node)))
  (define here (cons key value))
  (cond ((and (red? left) (red? (node-left left)))
         (let ((lower (node-left left)))
           (join (node-left lower) (entry lower) (node-right lower)
                 (entry left) (node-right left) here right)))
        ((and (red? left) (red? (node-right left)))
         (let ((lower (node-right left)))
           (join (node-left left) (entry left) (node-left lower)
                 (entry lower) (node-right lower) here right)))
        ((and (red? right) (red? (node-left right)))
         (let ((lower (node-left right)))
           (join left here (node-left lower)
                 (entry lower) (node-right lower) (entry right) (node-right right))))
        ((and (red? right) (red? (node-right right)))
         (let ((lower (node-right right)))
           (join left here (node-left right)
                 (entry right) (node-left lower) (entry lower) (node-right lower))))
        (else (make-node 'black left key value right))))

(define (insert tree key value)
  (define (black node)
    (make-node 'black (node-left node) (node-key node) (node-value node) (node-right node)))
  (black
   (let insert ((tree tree))
     (if (not tree)
         (make-node 'red #f key value #f)
         (let ((make (if (red? tree) (lambda arguments (apply make-node 'red arguments)) balance))
               (left (node-left tree)) (k (node-key tree))
               (v (node-value tree)) (right (node-right tree)))
           (cond ((< key k) (make (insert left) k v right))
                 ((> key k) (make left k v (insert right)))
                 (else (make-node (node-color tree) left key value right))))))))

(define (find tree key)
  (and tree
       (cond ((< key (node-key tree)) (find (node-left tree) key))
             ((> key (node-key tree)) (find (node-right tree) key))
             (else (node-value tree)))))
(define (fold-tree f init tree)
  (if tree
      (fold-tree f
                 (f (node-key tree) (node-value tree) (fold-tree f init (node-right tree)))
                 (node-left tree))
      init))
(define (keys tree) (fold-tree (lambda (key value keys) (cons key keys)) '() tree))
(define (depth tree)
  (if tree (+ 1 (max (depth (node-left tree)) (depth (node-right tree)))) 0))

; The number of black nodes on each path, or #f if the tree breaks a rule.
(define (black-height tree)
  (if (not tree)
      1
      (let ((left (black-height (node-left tree))) (right (black-height (node-right tree))))
        (and left right (= left right)
             (not (and (red? tree) (or (red? (node-left tree)) (red? (node-right tree)))))
             (if (red? tree) left (+ left 1))))))

(define (tree-of keys)
  (let loop ((keys keys) (tree #f))
    (if (null? keys) tree (loop (cdr keys) (insert tree (car keys) (* (car keys) (car keys)))))))
(define (count-up from to) (if (> from to) '() (cons from (count-up (+ from 1) to))))

(define-syntax show
  (syntax-rules () ((_ expression) (begin (write expression) (newline)))))
(define ordered (tree-of (count-up 1 31)))
(define mixed (tree-of (map (lambda (i) (modulo (* i 17) 41)) (count-up 1 40))))
(show (keys (tree-of '(5 3 8 1 4 7 9 2 6 5))))
(show (list (depth ordered) (and (black-height ordered) #t)))
(show (and (black-height mixed) (equal? (keys mixed) (count-up 1 40))))
(show (<= (depth mixed) 8))
(show (map (lambda (key) (find mixed key)) '(1 20 40 41)))
; The old tree stays as it was.
(define larger (insert mixed 100 'new))
(show (list (find larger 100) (find mixed 100) (length (keys larger)) (length (keys mixed))))
