//! `fork`: the locks that must be free in the child.
//!
//! The child of a `fork` has only the thread that called it. A lock that another thread
//! held at that moment would stay locked there for ever, and what it protects might be half
//! changed. So the forking thread takes all locks of the library before the `fork`, and
//! releases them afterwards, in the parent and in the child (HOST-27).
//!
//! The locks are found through a list of *members*. A member joins the list before its
//! locks are used for the first time. The order of locking is: the list's own lock, then the
//! members in the order in which they joined. So nobody who holds a lock of a member may
//! join or leave, or take a lock of another member. No handler allocates.

use core::cell::{Cell, UnsafeCell};
use core::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::fallible;
use crate::base::lock::{Lock, LockGuard};
use crate::error::Result;

/// A lock that a fork can hold: it has a place for the guard.
pub(crate) struct Holdable<T: 'static> {
    lock: Lock<T>,
    guard: UnsafeCell<Option<LockGuard<'static, T>>>,
}

// SAFETY: only the thread that holds the lock uses the guard's place.
unsafe impl<T: Send> Sync for Holdable<T> {}
// SAFETY: a lock that can be moved is not held, so the place is empty.
unsafe impl<T: Send> Send for Holdable<T> {}

impl<T> Holdable<T> {
    /// An unlocked lock.
    pub(crate) const fn new(value: T) -> Holdable<T> {
        Holdable {
            lock: Lock::new(value),
            guard: UnsafeCell::new(None),
        }
    }

    /// Waits until no other thread holds the lock, and locks it.
    pub(crate) fn lock(&self) -> LockGuard<'_, T> {
        self.lock.lock()
    }

    /// Locks the lock until [`Holdable::release`].
    ///
    /// # Safety
    ///
    /// The lock must stay where it is until it is released.
    pub(crate) unsafe fn hold(&self) {
        let guard = self.lock.lock();
        // SAFETY: the caller promises that the lock outlives the guard. This thread holds
        // the lock, so it alone uses the place.
        unsafe {
            let guard = core::mem::transmute::<LockGuard<'_, T>, LockGuard<'static, T>>(guard);
            *self.guard.get() = Some(guard);
        }
    }

    /// Runs `operation` on the value of a lock that this thread holds.
    ///
    /// # Safety
    ///
    /// This thread must have called [`Holdable::hold`], in this process or before it forked.
    pub(crate) unsafe fn with_held<R>(&self, operation: impl FnOnce(&mut T) -> R) -> Option<R> {
        // SAFETY: this thread holds the lock, so it alone uses the place and the value.
        let guard = unsafe { &mut *self.guard.get() };
        guard.as_mut().map(|guard| operation(guard))
    }

    /// Unlocks the lock.
    ///
    /// # Safety
    ///
    /// This thread must have called [`Holdable::hold`], in this process or before it forked.
    pub(crate) unsafe fn release(&self) {
        // SAFETY: this thread holds the lock, so it alone uses the place.
        let guard = unsafe { (*self.guard.get()).take() };
        drop(guard);
    }
}

/// The process in which a member releases its locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Process {
    /// The process that forked, or could not fork.
    Parent,
    /// The new process. The calling thread is its only one.
    Child,
}

/// What has locks that a fork must hold.
///
/// # Safety
///
/// `hold` and `release` do not unwind, allocate, join or leave.
pub(crate) unsafe trait Member: Sync {
    /// The member's place in the list.
    fn links(&self) -> &Links;

    /// Takes the member's locks, in an order of its own.
    ///
    /// # Safety
    ///
    /// The member must stay where it is until [`Member::release`].
    unsafe fn hold(&self);

    /// Releases the locks.
    ///
    /// # Safety
    ///
    /// This thread must have called [`Member::hold`], in this process or before it forked.
    unsafe fn release(&self, process: Process);
}

/// A member's place in the list of members.
pub(crate) struct Links {
    joined: AtomicBool,
    previous: Cell<Option<NonNull<dyn Member>>>,
    next: Cell<Option<NonNull<dyn Member>>>,
}

// SAFETY: the lock of the list protects the cells.
unsafe impl Sync for Links {}
// SAFETY: the list's neighbours may be used by any thread.
unsafe impl Send for Links {}

impl Links {
    /// The links of what has not joined.
    pub(crate) const fn new() -> Links {
        Links {
            joined: AtomicBool::new(false),
            previous: Cell::new(None),
            next: Cell::new(None),
        }
    }

    /// Whether the member is in the list.
    pub(crate) fn joined(&self) -> bool {
        self.joined.load(Ordering::Acquire)
    }
}

/// The ends of the list of members.
struct Members {
    first: Option<NonNull<dyn Member>>,
    last: Option<NonNull<dyn Member>>,
}

// SAFETY: members may be used by any thread.
unsafe impl Send for Members {}

static MEMBERS: Holdable<Members> = Holdable::new(Members {
    first: None,
    last: None,
});

impl Members {
    /// Appends a member.
    ///
    /// # Safety
    ///
    /// The member must be in no list, and stay where it is until [`Members::remove`].
    unsafe fn append(&mut self, member: NonNull<dyn Member>) {
        // SAFETY: members in the list are alive, and so is the new one.
        unsafe {
            let links = member.as_ref().links();
            links.previous.set(self.last);
            links.next.set(None);
            match self.last.replace(member) {
                Some(last) => last.as_ref().links().next.set(Some(member)),
                None => self.first = Some(member),
            }
            links.joined.store(true, Ordering::Release);
        }
    }

    /// Removes a member.
    ///
    /// # Safety
    ///
    /// The member must be in the list.
    unsafe fn remove(&mut self, member: NonNull<dyn Member>) {
        // SAFETY: members in the list are alive.
        unsafe {
            let links = member.as_ref().links();
            let (previous, next) = (links.previous.take(), links.next.take());
            match previous {
                Some(previous) => previous.as_ref().links().next.set(next),
                None => self.first = next,
            }
            match next {
                Some(next) => next.as_ref().links().previous.set(previous),
                None => self.last = previous,
            }
            links.joined.store(false, Ordering::Release);
        }
    }

    /// Calls `operation` with each member, in order.
    fn for_each(&self, operation: impl Fn(&dyn Member)) {
        let mut next = self.first;
        while let Some(member) = next {
            // SAFETY: members in the list are alive.
            let member = unsafe { member.as_ref() };
            operation(member);
            next = member.links().next.get();
        }
    }
}

/// Adds a static member to the list, unless it is there already. The caller must hold no
/// lock of a member.
///
/// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
pub(crate) fn join(member: &'static dyn Member) -> Result<()> {
    if member.links().joined() {
        return Ok(());
    }
    install()?;
    let mut members = MEMBERS.lock();
    if !member.links().joined() {
        // SAFETY: the member is in no list. Statics never move.
        unsafe { members.append(NonNull::from(member)) };
    }
    Ok(())
}

/// A lock that is free in the child of a fork, with the value that it protects. It is in
/// the list of members as long as it lives.
pub(crate) struct ForkLock<T: Send + 'static>(NonNull<Node<T>>);

struct Node<T: Send + 'static> {
    lock: Holdable<T>,
    links: Links,
}

// SAFETY: `hold` and `release` lock and unlock, and nothing else.
unsafe impl<T: Send> Member for Node<T> {
    fn links(&self) -> &Links {
        &self.links
    }

    unsafe fn hold(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.lock.hold() };
    }

    unsafe fn release(&self, _process: Process) {
        // SAFETY: the caller's promise.
        unsafe { self.lock.release() };
    }
}

// SAFETY: it owns its node, as a box does.
unsafe impl<T: Send> Send for ForkLock<T> {}
// SAFETY: threads reach the value through the lock only.
unsafe impl<T: Send> Sync for ForkLock<T> {}

impl<T: Send + 'static> ForkLock<T> {
    /// An unlocked lock. The caller must hold no lock of a member.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(crate) fn new(value: T) -> Result<ForkLock<T>> {
        install()?;
        let node = fallible::boxed(Node {
            lock: Holdable::new(value),
            links: Links::new(),
        })?;
        let node = NonNull::from(Box::leak(node));
        // SAFETY: the node is in no list, and `drop` removes it before it is freed.
        unsafe { MEMBERS.lock().append(node) };
        Ok(ForkLock(node))
    }

    /// Waits until no other thread holds the lock, and locks it.
    pub(crate) fn lock(&self) -> LockGuard<'_, T> {
        // SAFETY: the node lives as long as `self`.
        unsafe { self.0.as_ref() }.lock.lock()
    }
}

impl<T: Send + 'static> Drop for ForkLock<T> {
    fn drop(&mut self) {
        // SAFETY: `new` appended the node and leaked its box.
        unsafe {
            MEMBERS.lock().remove(self.0);
            drop(Box::from_raw(self.0.as_ptr()));
        }
    }
}

/// Whether the handlers are installed.
static INSTALLED: AtomicBool = AtomicBool::new(false);

/// Runs when the library is loaded. A later point could be in the middle of a fork by
/// another thread. Handlers of the program, which are installed later, call the library
/// while its locks are free: the system runs theirs before `prepare`, and after the others.
#[used]
#[unsafe(link_section = ".init_array")]
static ON_LOAD: extern "C" fn() = on_load;

extern "C" fn on_load() {
    // An allocator may have fork handlers, too. It installs them when it is first used. The
    // fork must take its locks after the library's, which are held during allocations: so
    // its handlers must be the first.
    // SAFETY: `free` takes what `malloc` returned.
    unsafe { libc::free(core::hint::black_box(libc::malloc(1))) };
    let _ = install();
}

/// Installs the handlers, unless they are there already. They are, except if the system had
/// no memory for them when the library was loaded.
///
/// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
fn install() -> Result<()> {
    static INSTALLING: Lock<()> = Lock::new(());

    if INSTALLED.load(Ordering::Acquire) {
        return Ok(());
    }
    let _installing = INSTALLING.lock();
    if !INSTALLED.load(Ordering::Acquire) {
        // SAFETY: the library is never unloaded, and the handlers do not unwind.
        if unsafe { libc::pthread_atfork(Some(prepare), Some(in_parent), Some(in_child)) } != 0 {
            return Err(fallible::refused(0));
        }
        INSTALLED.store(true, Ordering::Release);
    }
    Ok(())
}

extern "C" fn prepare() {
    // SAFETY: the list is a static. Its members stay where they are, because they would need
    // the lock of the list to leave it.
    unsafe {
        MEMBERS.hold();
        MEMBERS.with_held(|members| members.for_each(|member| member.hold()));
    }
}

extern "C" fn in_parent() {
    release(Process::Parent);
}

extern "C" fn in_child() {
    release(Process::Child);
}

/// Releases what `prepare` holds.
fn release(process: Process) {
    // SAFETY: the system called `prepare` on this thread before.
    unsafe {
        MEMBERS.with_held(|members| members.for_each(|member| member.release(process)));
        MEMBERS.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_list(node: NonNull<dyn Member>) -> bool {
        let found = Cell::new(false);
        MEMBERS.lock().for_each(|member| {
            found.set(found.get() || core::ptr::addr_eq(member, node.as_ptr()));
        });
        found.get()
    }

    #[test]
    fn a_lock_is_in_the_list_as_long_as_it_lives() {
        let locks = [1, 2, 3].map(|value| ForkLock::new(value).unwrap());
        let nodes: [NonNull<dyn Member>; 3] = [0, 1, 2].map(|n: usize| locks[n].0 as _);
        let [first, middle, last] = locks;
        assert!(nodes.iter().all(|&node| in_list(node)));
        drop(middle);
        assert!(in_list(nodes[0]) && !in_list(nodes[1]) && in_list(nodes[2]));
        drop(first);
        drop(last);
        assert!(!nodes.iter().any(|&node| in_list(node)));
    }

    #[test]
    fn the_handlers_are_installed_when_the_library_is_loaded() {
        assert!(INSTALLED.load(Ordering::Acquire));
    }

    #[test]
    fn a_held_lock_waits_for_its_release() {
        let lock = ForkLock::new(1).unwrap();
        // SAFETY: the node lives until the end of the test; this thread holds it.
        unsafe { lock.0.as_ref().hold() };
        std::thread::scope(|scope| {
            let other = scope.spawn(|| *lock.lock() += 1);
            std::thread::sleep(std::time::Duration::from_millis(10));
            assert!(!other.is_finished());
            // SAFETY: this thread holds the lock.
            unsafe {
                assert_eq!(lock.0.as_ref().lock.with_held(|value| *value), Some(1));
                lock.0.as_ref().release(Process::Parent);
            }
        });
        assert_eq!(*lock.lock(), 2);
    }
}
