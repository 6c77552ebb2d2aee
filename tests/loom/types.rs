//! A registry of types, reduced to its lock and its counts. A group keeps another group
//! alive, and threads look up, clone and drop both.

use loom::cell::UnsafeCell;
use loom::sync::{Arc, Mutex, MutexGuard};
use loom::thread;

use super::explore;
use super::reference_count::ReferenceCount;

/// A group. Its memory outlives it here, so that a use after free is noticed.
struct Group {
    form: Form,
    count: ReferenceCount,
    freed: UnsafeCell<bool>,
    /// The group to which it refers. The edge is one reference.
    edge: Option<Arc<Group>>,
}

// SAFETY: loom checks that one thread writes `freed`, after all reads.
unsafe impl Sync for Group {}
// SAFETY: see `Sync`.
unsafe impl Send for Group {}

impl Group {
    /// Reads the group. The thread has a reference.
    fn read(&self) {
        // SAFETY: loom checks the access.
        let freed = self.freed.with(|freed| unsafe { *freed });
        assert!(!freed, "read after it was freed");
    }

    fn free(&self) {
        // SAFETY: loom checks the access.
        let before = self.freed.with_mut(|freed| unsafe { freed.replace(true) });
        assert!(!before, "freed twice");
    }
}

/// The canonical forms of groups.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Leaf,
    /// Refers to the leaf.
    Node,
}

#[derive(Default)]
struct Inner {
    /// The registered group of each form.
    groups: [Option<Arc<Group>>; 2],
    /// All groups so far.
    made: Vec<Arc<Group>>,
}

/// Whether counts fall to 0 under the lock. They should.
#[derive(Clone, Copy, PartialEq)]
enum Last {
    Locked,
    Unlocked,
}

struct Registry {
    inner: Mutex<Inner>,
    last: Last,
}

impl Registry {
    fn new(last: Last) -> Arc<Registry> {
        let inner = Mutex::new(Inner::default());
        Arc::new(Registry { inner, last })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// A new reference to the group of this form. Registers it if needed.
    fn intern(&self, form: Form) -> Arc<Group> {
        self.lock().intern(form)
    }

    /// A new reference to the group of this form, if it is registered.
    fn find(&self, form: Form) -> Option<Arc<Group>> {
        self.lock().find(form)
    }

    /// Drops a reference as the `Drop` of `Type` does.
    fn drop_reference(&self, group: Arc<Group>) {
        group.read();
        if self.last == Last::Unlocked {
            if group.count.decrement_locked() {
                let dropped = self.lock().unregister_all(group);
                dropped.iter().for_each(|group| group.free());
            }
        } else if !group.count.decrement_unless_last() {
            let dropped = self.lock().drop_reference(group);
            dropped.iter().for_each(|group| group.free());
        }
    }

    /// Checks the end, when no other thread and no reference are left.
    fn finish(&self) {
        let inner = self.lock();
        assert!(inner.groups.iter().all(Option::is_none), "still registered");
        for group in &inner.made {
            // SAFETY: loom checks the access.
            let freed = group.freed.with(|freed| unsafe { *freed });
            assert!(freed, "not freed");
            assert_eq!(group.count.get(), 0, "still counted");
        }
    }
}

impl Inner {
    fn intern(&mut self, form: Form) -> Arc<Group> {
        if let Some(found) = self.find(form) {
            return found;
        }
        let group = Arc::new(Group {
            form,
            count: ReferenceCount::new(),
            freed: UnsafeCell::new(false),
            edge: (form == Form::Node).then(|| self.intern(Form::Leaf)),
        });
        self.groups[form as usize] = Some(group.clone());
        self.made.push(group.clone());
        group
    }

    fn find(&self, form: Form) -> Option<Arc<Group>> {
        let group = self.groups[form as usize].clone()?;
        assert!(group.count.increment());
        group.read();
        Some(group)
    }

    fn drop_reference(&mut self, group: Arc<Group>) -> Vec<Arc<Group>> {
        if group.count.decrement_locked() {
            self.unregister_all(group)
        } else {
            Vec::new()
        }
    }

    /// Unregisters a group and the groups that only it kept alive.
    fn unregister_all(&mut self, group: Arc<Group>) -> Vec<Arc<Group>> {
        let (mut found, mut dropped) = (vec![group], Vec::new());
        while let Some(group) = found.pop() {
            let registered = self.groups[group.form as usize].take();
            assert!(
                registered.is_some_and(|registered| Arc::ptr_eq(&registered, &group)),
                "unregistered another group"
            );
            let edge = group
                .edge
                .iter()
                .filter(|edge| edge.count.decrement_locked());
            found.extend(edge.cloned());
            dropped.push(group);
        }
        dropped
    }
}

/// Starts a thread on a registry.
fn spawn(
    registry: &Arc<Registry>,
    run: impl FnOnce(&Registry) + 'static,
) -> thread::JoinHandle<()> {
    let registry = registry.clone();
    thread::spawn(move || run(&registry))
}

/// Clones a reference and drops both.
fn clone_and_drop(registry: &Registry, group: Arc<Group>) {
    assert!(group.count.increment());
    registry.drop_reference(group.clone());
    registry.drop_reference(group);
}

/// One thread drops the last reference while another looks the group up.
fn dropped_and_found(last: Last) {
    let registry = Registry::new(last);
    let group = registry.intern(Form::Leaf);
    let finder = spawn(&registry, |registry| {
        if let Some(found) = registry.find(Form::Leaf) {
            clone_and_drop(registry, found);
        }
    });
    registry.drop_reference(group);
    finder.join().unwrap();
    registry.finish();
}

#[test]
fn groups_in_all_interleavings() {
    explore("a group is found, or freed, but not both", || {
        dropped_and_found(Last::Locked);
    });

    explore("references that three threads drop are freed once", || {
        let registry = Registry::new(Last::Locked);
        let group = registry.intern(Form::Leaf);
        let threads = [(); 2].map(|()| {
            assert!(group.count.increment());
            let group = group.clone();
            spawn(&registry, move |registry| registry.drop_reference(group))
        });
        registry.drop_reference(group);
        for thread in threads {
            thread.join().unwrap();
        }
        registry.finish();
    });

    explore("a form that three threads register is one group", || {
        let registry = Registry::new(Last::Locked);
        let run = |registry: &Registry| {
            let group = registry.intern(Form::Leaf);
            registry.drop_reference(group);
        };
        let threads = [spawn(&registry, run), spawn(&registry, run)];
        run(&registry);
        for thread in threads {
            thread.join().unwrap();
        }
        registry.finish();
    });

    explore("what a dropped group kept is found, or freed", || {
        let registry = Registry::new(Last::Locked);
        let node = registry.intern(Form::Node);
        let leaf = spawn(&registry, |registry| {
            if let Some(leaf) = registry.find(Form::Leaf) {
                clone_and_drop(registry, leaf);
            }
        });
        let again = spawn(&registry, |registry| {
            let node = registry.intern(Form::Node);
            registry.drop_reference(node);
        });
        registry.drop_reference(node);
        leaf.join().unwrap();
        again.join().unwrap();
        registry.finish();
    });
}

#[test]
#[should_panic(expected = "unregistered another group")]
fn the_model_finds_a_count_that_falls_outside_the_lock() {
    explore("a count that falls outside the lock", || {
        dropped_and_found(Last::Unlocked);
    });
}
