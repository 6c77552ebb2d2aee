//! Whether a thread still exists.
//!
//! A thread locks a *robust* mutex and never unlocks it. When the thread ends, the kernel
//! marks the mutex, after the thread's last code has run and before `pthread_join` returns.
//! The mark stays, whoever gets the thread's number afterwards (HOST-4).

use core::cell::{Cell, UnsafeCell};

/// What shows whether a thread exists.
pub(super) struct Life {
    mutex: UnsafeCell<libc::pthread_mutex_t>,
    /// The kernel's number of the thread.
    number: Cell<libc::c_long>,
}

impl Life {
    /// The life of no thread yet.
    pub(super) const fn new() -> Life {
        Life {
            mutex: UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER),
            number: Cell::new(0),
        }
    }

    /// Makes this the life of the calling thread. The child of a fork calls it again,
    /// because its thread has another number and no robust mutex.
    ///
    /// # Safety
    ///
    /// The life must stay where it is until the thread has ended. No other thread may use it
    /// now.
    pub(super) unsafe fn begin(&self) {
        // SAFETY: `attributes` is initialized by its first use, and only this thread uses
        // the mutex. If the system has no robust mutexes, the mutex is of the other kind.
        unsafe {
            let mut attributes = core::mem::zeroed();
            libc::pthread_mutexattr_init(&mut attributes);
            libc::pthread_mutexattr_setrobust(&mut attributes, libc::PTHREAD_MUTEX_ROBUST);
            if libc::pthread_mutex_init(self.mutex.get(), &attributes) != 0 {
                self.mutex.get().write(libc::PTHREAD_MUTEX_INITIALIZER);
            }
            libc::pthread_mutexattr_destroy(&mut attributes);
            libc::pthread_mutex_lock(self.mutex.get());
            self.number.set(libc::syscall(libc::SYS_gettid));
        }
    }

    /// Whether the thread has ended. Some emulators of the kernel have no robust mutexes, so
    /// it also asks for the thread's number. Of that, only the answer "unknown" is certain:
    /// another thread may have the number by now.
    ///
    /// # Safety
    ///
    /// The life must have begun. No other thread may use it now.
    pub(super) unsafe fn is_over(&self) -> bool {
        // SAFETY: the caller's promise.
        unsafe { self.is_marked() || !self.number_is_known() }
    }

    /// Whether the kernel has marked the mutex.
    ///
    /// # Safety
    ///
    /// The life must have begun. No other thread may use it now.
    pub(super) unsafe fn is_marked(&self) -> bool {
        // SAFETY: the caller's promise.
        match unsafe { libc::pthread_mutex_trylock(self.mutex.get()) } {
            libc::EOWNERDEAD => {
                // Unlocking without a repair makes the mark permanent.
                // SAFETY: this thread has just locked the mutex.
                unsafe { libc::pthread_mutex_unlock(self.mutex.get()) };
                true
            }
            outcome => outcome == libc::ENOTRECOVERABLE,
        }
    }

    /// Whether the kernel knows a thread of this process with the thread's number.
    fn number_is_known(&self) -> bool {
        // SAFETY: signal number 0 sends nothing.
        let answer =
            unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), self.number.get(), 0) };
        answer == 0 || std::io::Error::last_os_error().raw_os_error() != Some(libc::ESRCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ffi::c_void;
    use std::sync::mpsc::channel;

    struct Shared(Life);

    // SAFETY: the tests use it on one thread at a time.
    unsafe impl Sync for Shared {}

    /// Whether the system has robust mutexes. qemu-user has none.
    fn has_robust_mutexes() -> bool {
        let (mut head, mut size) = (core::ptr::null_mut::<c_void>(), 0_usize);
        // SAFETY: the outputs are valid for writing; thread 0 is the calling one.
        let answer = unsafe { libc::syscall(libc::SYS_get_robust_list, 0, &mut head, &mut size) };
        answer == 0
    }

    #[test]
    fn a_life_is_over_when_its_thread_has_ended() {
        static LIFE: Shared = Shared(Life::new());
        let (begun, wait) = channel();
        let (end, ending) = channel::<()>();
        let thread = std::thread::spawn(move || {
            // SAFETY: the life is a static; the other thread waits.
            unsafe { LIFE.0.begin() };
            begun.send(()).unwrap();
            let _ = ending.recv();
        });
        wait.recv().unwrap();
        // SAFETY: the life has begun; its thread does not use it.
        unsafe {
            assert!(!LIFE.0.is_over());
            drop(end);
            thread.join().unwrap();
            if has_robust_mutexes() {
                assert!(LIFE.0.is_marked());
                assert!(LIFE.0.is_marked(), "the mark stays");
            }
            while !LIFE.0.is_over() {
                std::thread::yield_now();
            }
        }
    }

    #[test]
    fn another_thread_with_the_number_does_not_hide_the_end() {
        static LIFE: Shared = Shared(Life::new());
        // SAFETY: the life is a static, and one thread at a time uses it.
        unsafe {
            std::thread::spawn(|| LIFE.0.begin()).join().unwrap();
            LIFE.0.number.set(libc::syscall(libc::SYS_gettid));
            assert!(LIFE.0.number_is_known());
            assert_eq!(LIFE.0.is_over(), has_robust_mutexes());
        }
    }
}
