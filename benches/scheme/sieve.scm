; The sieve of Eratosthenes in a vector.
(define (cross-out! vector from step)
  (if (< from (vector-length vector))
      (begin
        (vector-set! vector from #f)
        (cross-out! vector (+ from step) step))))

(define (primes-below limit)
  (let ((vector (make-vector limit #t)))
    (let loop ((i 2) (count 0))
      (cond ((= i limit) count)
            ((vector-ref vector i)
             (cross-out! vector (* i 2) i)
             (loop (+ i 1) (+ count 1)))
            (else (loop (+ i 1) count))))))

(define (repeat count)
  (let loop ((i 0) (sum 0))
    (if (= i count)
        sum
        (loop (+ i 1) (+ sum (primes-below 100000))))))

(display (repeat 40))
(newline)
