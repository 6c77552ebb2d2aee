; Points of the Mandelbrot set. Each operation makes a floating-point number.
(define (steps cr ci limit)
  (let loop ((zr 0.0) (zi 0.0) (i 0))
    (let ((rr (* zr zr)) (ii (* zi zi)))
      (if (or (= i limit) (> (+ rr ii) 4.0))
          i
          (loop (+ (- rr ii) cr) (+ (* 2.0 (* zr zi)) ci) (+ i 1))))))

(define (row ci width)
  (let loop ((x 0) (cr -2.0) (sum 0))
    (if (= x width)
        sum
        (loop (+ x 1) (+ cr 0.0234375) (+ sum (steps cr ci 100))))))

(define (area width height)
  (let loop ((y 0) (ci -1.0) (sum 0))
    (if (= y height)
        sum
        (loop (+ y 1) (+ ci 0.0234375) (+ sum (row ci width))))))

(define (repeat count)
  (let loop ((i 0) (sum 0))
    (if (= i count)
        sum
        (loop (+ i 1) (+ sum (area 128 86))))))

(display (repeat 12))
(newline)
