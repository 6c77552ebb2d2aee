; Coroutines by call/cc: a scheduler that runs threads in turn, and channels that make them wait.
(import (scheme base) (scheme write))

; --- The scheduler: a queue of procedures, each of which goes on with a thread
(define ready '())
(define (enqueue! thunk) (set! ready (append ready (list thunk))))
(define leave #f)
(define (dispatch)
  (if (null? ready)
      (leave 'idle)
      (let ((next (car ready)))
        (set! ready (cdr ready))
        (next))))
(define (spawn body) (enqueue! (lambda () (body) (dispatch))))
(define (yield)
  (call/cc (lambda (k) (enqueue! (lambda () (k #t))) (dispatch))))
(define (run)
  (call/cc (lambda (k) (set! leave k) (dispatch))))

; --- Channels
(define-record-type channel (new-channel items waiting) channel?
  (items channel-items set-channel-items!)
  (waiting channel-waiting set-channel-waiting!))
(define (make-channel) (new-channel '() '()))
(define (send! channel item)
  (if (null? (channel-waiting channel))
      (set-channel-items! channel (append (channel-items channel) (list item)))
      (let ((k (car (channel-waiting channel))))
        (set-channel-waiting! channel (cdr (channel-waiting channel)))
        (enqueue! (lambda () (k item))))))
(define (receive! channel)
  (if (pair? (channel-items channel))
      (let ((item (car (channel-items channel))))
        (set-channel-items! channel (cdr (channel-items channel)))
        item)
      (call/cc
       (lambda (k)
         (set-channel-waiting! channel (append (channel-waiting channel) (list k)))
         (dispatch)))))

(define (say . things)
  (for-each (lambda (thing) (display thing) (display " ")) things))

; Three threads take turns.
(for-each
 (lambda (name)
   (spawn (lambda ()
            (do ((i 1 (+ i 1))) ((> i 3))
              (say name i)
              (yield)))))
 '(a b c))
(say (run))
(newline)

; A producer, a filter and a consumer: each receives what the one before it sends.
(define numbers (make-channel))
(define squares (make-channel))
(spawn (lambda ()
         (let loop ((sum 0))
           (let ((n (receive! squares)))
             (if (eq? n 'end)
                 (say "sum" sum)
                 (begin
                   (say n)
                   (loop (+ sum n))))))))
(spawn (lambda ()
         (let loop ((n (receive! numbers)))
           (cond ((eq? n 'end) (send! squares 'end))
                 (else
                  (if (odd? n) (send! squares (* n n)))
                  (loop (receive! numbers)))))))
(spawn (lambda ()
         (do ((n 1 (+ n 1))) ((> n 9) (send! numbers 'end))
           (send! numbers n)
           (if (= 0 (modulo n 4)) (yield)))))
(say (run))
(newline)

; A thread that waits forever does not keep the others from ending.
(spawn (lambda () (receive! (make-channel)) (say "never")))
(spawn (lambda () (say "last")))
(say (run))
(newline)
