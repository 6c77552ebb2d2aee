//! Runs a program on the library and on the model, and compares them at each step.
//!
//! A finalizer may do an operation in the middle of the call that collects, and so may
//! the growth callback. So no `RefCell` stays borrowed during a call, and a difference is
//! noted instead of thrown.

use core::ffi::c_void;
use core::fmt::Debug;
use core::ops::RangeBounds;
use std::cell::{Cell, RefCell};
use std::ptr::null;

use gcroots::capi::global::gcroots_global_t;
use gcroots::capi::reference::gcroots_ref_t;
use gcroots::capi::status::*;
use gcroots::capi::store::gcroots_store_gc;
use gcroots::capi::types::gcroots_type_free;
use gcroots::capi::value::gcroots_val_t;

use super::action::{Action, By, Handle, Input, Planned, plan};
use super::functions::Called;
use super::growth::{Asked, may_grow};
use super::lane::{Lane, OVERHEAD_LIMIT};
use super::library::{Library, NULL_REF, Status, Written, last_error, status_name, take_complaint};
use super::model::{
    Body, Model, Node, Owner, PinState, Reference, Root, RootState, Value, bytes_of, most_bytes_of,
};
use super::predict::{Answer, Predicted, predict};
use super::program::{Call, Operation, op};
use super::ranges::RangeAction;
use super::room::Alive;
use super::tables::Lengthened;
use super::threads::on_a_new_thread;

/// A difference between library and model, in words.
pub(crate) type Difference = String;
pub(crate) type Compared<T = ()> = Result<T, Difference>;

pub(crate) struct Session {
    pub(crate) lane: Lane,
    pub(crate) library: Library,
    pub(crate) model: RefCell<Model>,
    failure: RefCell<Option<Difference>>,
    in_finalizer: Cell<bool>,
    freeing: Cell<bool>,
    /// The call whose function will run next.
    pub(crate) calling: RefCell<Option<Called>>,
    /// The predicted result of the function that has just returned.
    pub(crate) returned: RefCell<Option<Predicted<Vec<Value>>>>,
    operations: Cell<u64>,
    refused: Cell<u64>,
    /// The current operation.
    pub(crate) operation: Cell<Operation>,
    /// Whether the current call may run finalizers.
    may_finalize: Cell<bool>,
    /// The numbers of nodes and of store data at the beginning of the collection whose
    /// finalizers run.
    began_with: Cell<(usize, usize)>,
    /// Whether a finalizer has run for an object or store data that is newer than the
    /// collection. Objects that this finalizer released may or may not be collected.
    late: Cell<bool>,
    /// Whether the current call may call the growth callback.
    pub(crate) allocates: Cell<bool>,
    pub(crate) asked: Cell<Asked>,
    /// The bytes that the heap may commit.
    pub(crate) granted: Cell<usize>,
    /// The actions, if a trace is wanted.
    trace: Option<RefCell<Vec<String>>>,
}

thread_local! {
    /// The session whose program runs, for finalizers and the growth callback.
    pub(crate) static CURRENT: Cell<*const Session> = const { Cell::new(null()) };
}

/// The result of a program.
pub(crate) struct Outcome {
    pub(crate) difference: Option<Difference>,
    pub(crate) trace: Vec<String>,
    /// The number of operations, including those in finalizers.
    pub(crate) operations: u64,
    /// The number of calls that returned an error.
    pub(crate) refused: u64,
}

/// Runs a program from a new store to its deletion, or to the first difference.
pub(crate) fn run(lane: Lane, program: &[Operation], traced: bool) -> Outcome {
    let session = Session {
        lane,
        library: Library::new(&lane, finalize, Some(may_grow)),
        model: RefCell::new(Model::new(lane.asks, lane.collects(), lane.has_pins())),
        failure: RefCell::default(),
        in_finalizer: Cell::new(false),
        freeing: Cell::new(false),
        calling: RefCell::default(),
        returned: RefCell::default(),
        operations: Cell::new(0),
        refused: Cell::new(0),
        operation: Cell::new(op(Call::Verify, 0)),
        may_finalize: Cell::new(false),
        began_with: Cell::new((0, 0)),
        late: Cell::new(false),
        allocates: Cell::new(false),
        asked: Cell::default(),
        granted: Cell::new(lane.initial()),
        trace: traced.then(RefCell::default),
    };
    CURRENT.set(&raw const session);
    let mut next = session.stint(program, 0);
    while let Some(first) = next {
        next = on_a_new_thread(&session, || session.stint(program, first));
    }
    session.library.free_others();
    CURRENT.set(null());
    Outcome {
        difference: session.failure.take(),
        trace: session.trace.map(RefCell::into_inner).unwrap_or_default(),
        operations: session.operations.get(),
        refused: session.refused.get(),
    }
}

/// A refused allocation.
#[derive(Debug)]
struct Refusal {
    root: usize,
    bytes: usize,
    status: gcroots_status_t,
    /// Whether finalizers ran during the call.
    finalized: bool,
    asked: Asked,
}

unsafe extern "C" fn finalize(data: *mut c_void) {
    // SAFETY: a session frees its store before it ends.
    let session = unsafe { &*CURRENT.get() };
    session.finalized(data.addr() as u64);
}

macro_rules! differ {
    ($($what:tt)*) => { return Err(format!($($what)*)) };
}

impl Session {
    /// Runs the program on this thread, from its operation `first` on. Returns the first
    /// operation of the next thread, or ends the store.
    fn stint(&self, program: &[Operation], first: usize) -> Option<usize> {
        for (at, operation) in program.iter().enumerate().skip(first) {
            if at > first && self.goes_to_the_next(*operation) {
                return Some(at);
            }
            self.step(*operation);
        }
        self.end();
        None
    }

    /// Whether this operation moves the program to the next thread.
    fn goes_to_the_next(&self, operation: Operation) -> bool {
        let model = self.model.borrow();
        let may_attach = operation.call == Call::StoreAttach || model.owner == Owner::Nobody;
        may_attach && !self.has_failed() && plan(&model, operation).by == By::Next
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failure.borrow().is_some()
    }

    /// Does an operation on the library and the model, unless they have differed.
    pub(crate) fn step(&self, operation: Operation) {
        if self.has_failed() {
            return;
        }
        self.operations.set(self.operations.get() + 1);
        let outer = self.operation.replace(operation);
        let planned = plan(&self.model.borrow(), operation);
        self.note(|| format!("{operation} // {planned}"));
        self.keep(self.compare(&planned));
        self.operation.set(outer);
    }

    pub(crate) fn note(&self, what: impl FnOnce() -> String) {
        if let Some(trace) = &self.trace {
            let called = self.model.borrow().calls > 0;
            let inside = called || self.in_finalizer.get() || self.allocates.get();
            let indent = if inside { "// " } else { "" };
            trace.borrow_mut().push(format!("{indent}{}", what()));
        }
    }

    /// Keeps the first difference.
    pub(crate) fn keep(&self, compared: Compared) {
        let compared = match take_complaint() {
            Some(complaint) => Err(complaint),
            None => compared,
        };
        if let Err(difference) = compared {
            self.failure.borrow_mut().get_or_insert(difference);
        }
    }

    fn compare(&self, planned: &Planned) -> Compared {
        let nodes_before = self.model.borrow().nodes.len();
        let run_before = self.model.borrow().finalizers_run;
        let data_before = self.model.borrow().data.number;
        let limit = self.lane.heap_limit;
        let predicted = predict(&mut self.model.borrow_mut(), planned, limit);
        // A finalizer or callback may look up the predicted roots by their numbers during
        // the call.
        let roots = self.model.borrow().roots.len();
        self.library.bits.borrow_mut().roots.resize(roots, NULL_REF);
        self.number_containers();
        if !self.in_finalizer.get() {
            self.began_with.set((nodes_before, data_before));
            self.late.set(false);
        }
        if let Ok(Answer::Called(call)) = &predicted {
            self.calling.replace(Some(call.clone()));
        }
        let waiting = match planned.action {
            Action::RunFinalizers(_) => self.library.waiting(),
            _ => None,
        };
        let (answered, asked) = self.call(planned);
        if self.has_failed() {
            // A finalizer or the growth callback differed first.
            return Ok(());
        }
        self.refused
            .set(self.refused.get() + u64::from(answered.is_err()));
        if let Ok(
            Answer::Made(..) | Answer::Lengthened(_) | Answer::NewGlobal(..) | Answer::Collected,
        ) = predicted
        {
            self.queue_was_run(data_before)?;
        }
        match (predicted, answered) {
            (Err(predicted), Err(answered)) if predicted == answered => Ok(()),
            (
                Ok(made @ (Answer::Made(..) | Answer::Lengthened(_) | Answer::NewGlobal(..))),
                Err(status),
            ) => {
                let (root, bytes) = self.object_of(&made);
                let refusal = Refusal {
                    root,
                    bytes,
                    status,
                    finalized: self.model.borrow().finalizers_run != run_before,
                    asked,
                };
                self.refused(&planned.action, refusal)?;
                if let Answer::Lengthened(made) = made {
                    self.model.borrow_mut().stay(made);
                }
                Ok(())
            }
            (Ok(Answer::Collected), Ok(_)) => self.collected(nodes_before, run_before),
            (Ok(Answer::Waiting(most)), Ok(Written::Number(left))) => {
                let ran = self.model.borrow().finalizers_run - run_before;
                self.compare_waiting(most as u64, waiting, ran, left)
            }
            (Ok(Answer::Walk), Ok(_)) => self.walk(),
            (Ok(Answer::Called(_)), answered) => self.compare_returned(answered),
            (Ok(Answer::Made(root, _)), Ok(Written::Nothing)) => match planned.action {
                Action::StructNewInto(_, _, Handle::Root(to)) => {
                    self.model.borrow_mut().move_into(root, to);
                    Ok(())
                }
                ref action => differ!("no output of {action:?}"),
            },
            (Ok(predicted), Ok(written)) => {
                if let (Answer::Made(root, _), Action::StructNewEscape(..)) =
                    (&predicted, &planned.action)
                {
                    self.model.borrow_mut().escape(*root);
                }
                self.compare_written(predicted, written)
            }
            (predicted, Err(answered)) => {
                let predicted = match predicted {
                    Ok(answer) => format!("{answer:?}"),
                    Err(status) => status_name(status),
                };
                let (answered, message) = (status_name(answered), last_error());
                differ!("{answered} ({message}), where the model has {predicted}")
            }
            (Err(predicted), Ok(_)) => {
                differ!("success, where the model has {}", status_name(predicted))
            }
        }
    }

    /// Makes room for the bits of predicted tables, globals and pins.
    fn number_containers(&self) {
        let (model, mut bits) = (self.model.borrow(), self.library.bits.borrow_mut());
        let (table, global) = (self.library.foreign.table, self.library.foreign.global);
        bits.tables.resize(model.tables.len(), table);
        bits.globals.resize(model.globals.len(), global);
        bits.pins.resize(model.pins.len(), self.library.foreign.pin);
    }

    /// The root and the bytes of a predicted object.
    fn object_of(&self, made: &Answer) -> (usize, usize) {
        match *made {
            Answer::Made(root, bytes) => (root, bytes),
            Answer::Lengthened(made) => (made.root, made.bytes),
            Answer::NewGlobal(global, bytes) => (self.model.borrow().globals[global].root, bytes),
            _ => unreachable!("{made:?}"),
        }
    }

    /// Compares the output of a call that made the array of a table.
    fn compare_lengthened(&self, made: Lengthened, written: Written) -> Compared {
        self.model.borrow_mut().lengthen(made);
        match (made.before, written) {
            (Some(before), Written::Number(read)) => same(&(before as u64), &read),
            (None, Written::Table(table)) => {
                let tables = &mut self.library.bits.borrow_mut().tables;
                let again = tables.contains(&table);
                tables[made.table] = table;
                same(&(self.library.store_id, false), &(table.store_id, again))
            }
            _ => differ!("another output of {made:?}"),
        }
    }

    fn compare_global(&self, global: usize, bytes: usize, read: gcroots_global_t) -> Compared {
        let root = self.model.borrow().globals[global].root;
        self.model.borrow_mut().hold(root, bytes, bytes);
        let globals = &mut self.library.bits.borrow_mut().globals;
        let again = globals.contains(&read);
        globals[global] = read;
        same(&(self.library.store_id, false), &(read.store_id, again))
    }

    /// Makes the call on its thread. Also returns the calls of the growth callback.
    fn call(&self, planned: &Planned) -> (Status<Written>, Asked) {
        let (action, data) = (&planned.action, self.model.borrow().next_data);
        let collects = action.allocates()
            || matches!(
                action,
                Action::Collect | Action::Trim | Action::Range(RangeAction::Wrong(..))
            );
        let finalizes =
            (collects && !self.lane.deferred) || matches!(action, Action::RunFinalizers(_));
        let outer = (
            self.may_finalize.replace(finalizes),
            self.allocates.replace(action.allocates()),
            self.asked.take(),
        );
        let answered = match planned.by {
            By::This | By::Next => self.library.run(planned, data),
            By::Another => on_a_new_thread(self, || self.library.run(planned, data)),
        };
        self.may_finalize.set(outer.0);
        self.allocates.set(outer.1);
        let asked = self.asked.replace(outer.2);
        if asked.times > 0 {
            // The allocation was repeated, which takes some roots out of the queue.
            self.model.borrow_mut().settle_some();
        }
        (answered, asked)
    }

    /// Checks that a refused allocation is plausible. The model cannot predict the
    /// refusal.
    fn refused(&self, action: &Action, refusal: Refusal) -> Compared {
        let mut model = self.model.borrow_mut();
        let has_gone = |input: &Input| match input {
            Input::Ref(Handle::Root(root)) => model.roots[*root].state != RootState::Live,
            _ => false,
        };
        let plausible = match refusal.status {
            // The growth callback unrooted it.
            GCROOTS_ERROR_UNROOTED => {
                refusal.asked.times > 0 && action.inputs().iter().any(has_gone)
            }
            _ => self.may_lack_memory(&model, &refusal),
        };
        if !plausible {
            let (name, message) = (status_name(refusal.status), last_error());
            let (made, spans) = (model.bytes_made, model.spans);
            differ!("{name} ({message}): {refusal:?}, {made} bytes made, in {spans} spans");
        }
        model.unmake(refusal.root);
        Ok(())
    }

    fn may_lack_memory(&self, model: &Model, refusal: &Refusal) -> bool {
        let committed = refusal.asked.refused_at.unwrap_or(self.lane.heap_limit);
        let made = (model.nodes.len(), model.bytes_made);
        let filled = self.lane.may_be_full(committed, made, refusal.bytes);
        match (refusal.status, self.lane.collects()) {
            (GCROOTS_ERROR_NO_GC, true) => model.spans > 0 && filled,
            (GCROOTS_ERROR_OUT_OF_MEMORY, false) => filled,
            (GCROOTS_ERROR_OUT_OF_MEMORY, true) if model.spans == 0 => {
                // Finalizers ran after the refusal, so the refusing heap had other roots.
                let finalized = refusal.finalized && filled;
                let most = if last_error().contains("overhead limit") {
                    // The last collection freed less than this. The heap had no room before.
                    refusal.bytes + committed * OVERHEAD_LIMIT as usize / 100
                } else {
                    refusal.bytes
                };
                finalized || self.certain_room(model, refusal, committed) < most
            }
            (GCROOTS_ERROR_OUT_OF_MEMORY, true) => {
                refusal.bytes > self.lane.room(self.lane.heap_limit)
            }
            _ => false,
        }
    }

    /// The size of an object for which the heap of the refusal certainly has room after a major
    /// collection.
    fn certain_room(&self, model: &Model, refusal: &Refusal, committed: usize) -> usize {
        let states = [RootState::Live, RootState::Pending, RootState::Leaving];
        let mut reached = model.reachable(&states);
        // The refused object was not made.
        reached[model.held_node(refusal.root)] = false;
        let alive = Alive::new(model.sizes(&reached));
        self.lane.room_left(committed, &alive, refusal.bytes)
    }

    /// Checks after a call which may run finalizers that those of earlier replaced store
    /// data have run.
    fn queue_was_run(&self, data_before: usize) -> Compared {
        let model = self.model.borrow();
        if !self.lane.collects() || self.lane.deferred || self.in_finalizer.get() {
            return Ok(());
        }
        match model.replaced.iter().find(|old| old.number < data_before) {
            Some(old) => differ!("{old:?} waits, though finalizers may have run"),
            None => Ok(()),
        }
    }

    /// Compares how many finalizers ran and wait. `before` is the number that waited before
    /// the call. Inside a finalizer none runs.
    fn compare_waiting(&self, most: u64, before: Option<u64>, ran: u64, left: u64) -> Compared {
        let Some(before) = before else {
            differ!("no answer to how many finalizers wait");
        };
        let expected = if self.in_finalizer.get() {
            0
        } else {
            most.min(before)
        };
        same(&expected, &ran).map_err(|what| format!("finalizers run: {what}"))?;
        self.may_wait(left, (before - ran)..)
    }

    /// Checks that a number of waiting finalizers is in `range`, and not more than there
    /// are to run.
    fn may_wait(&self, waiting: u64, range: impl RangeBounds<u64> + Debug) -> Compared {
        let model = self.model.borrow();
        let reached = model.reachable(&[RootState::Live, RootState::Pending]);
        let dead = |(node, reached): &(&Node, &bool)| node.awaits_finalizer() && !**reached;
        let dead = model.nodes.iter().zip(&reached).filter(dead).count();
        let replaced = model.replaced.len();
        if !range.contains(&waiting)
            || !(replaced as u64..=(dead + replaced) as u64).contains(&waiting)
        {
            differ!("{waiting} finalizers wait of {dead} and {replaced}, not in {range:?}");
        }
        Ok(())
    }

    fn compare_written(&self, predicted: Answer, written: Written) -> Compared {
        match (predicted, written) {
            (Answer::Nothing, Written::Nothing) => Ok(()),
            (Answer::Bool(a), Written::Bool(b)) => same(&a, &b),
            (Answer::Number(a), Written::Number(b)) => same(&a, &b),
            (Answer::Value(value), Written::Value(read)) => self.compare_value(value, read),
            (Answer::ValueRoot(root), Written::Value(read)) => {
                self.compare_root(root, handle_in(read)?)
            }
            (Answer::NullRef, Written::Ref(read)) => same(&0, &read.store_id),
            (Answer::Root(root) | Answer::Made(root, _), Written::Ref(read)) => {
                self.compare_root(root, read)
            }
            (Answer::NullWeak, Written::Weak(weak)) => same(&0, &weak.store_id),
            (Answer::Weak, Written::Weak(weak)) => {
                self.library.bits.borrow_mut().weak.push(weak);
                same(&self.library.store_id, &weak.store_id)
            }
            (Answer::Pinned(pin), Written::Pin(read)) => {
                self.model.borrow_mut().pins[pin].state = PinState::Live;
                self.library.bits.borrow_mut().pins[pin] = read;
                same(&self.library.store_id, &read.store_id)
            }
            (Answer::Upgrade(weak), Written::Ref(read)) => self.compare_upgrade(weak, read),
            (Answer::NewMap, Written::Map(map)) => {
                self.library.bits.borrow_mut().maps.push(map);
                same(&self.library.store_id, &map.store_id)
            }
            (Answer::NewRange, Written::Range(range)) => {
                self.library.bits.borrow_mut().ranges.push(range);
                same(&self.library.store_id, &range.store_id)
            }
            (Answer::Lengthened(made), written) => self.compare_lengthened(made, written),
            (Answer::NewGlobal(global, bytes), Written::Global(read)) => {
                self.compare_global(global, bytes, read)
            }
            (Answer::Size(map), Written::Number(size)) => {
                let reached = self.model.borrow().reachable(&[RootState::Live]);
                self.compare_size(map, size as usize, &reached)
            }
            (Answer::Scope, Written::Scope(scope)) => {
                self.library.bits.borrow_mut().scopes.push(scope);
                same(&self.library.store_id, &scope.store_id)
            }
            (Answer::Tag, Written::Tag(tag)) => {
                let tags = &mut self.library.bits.borrow_mut().tags;
                let again = tags.contains(&tag);
                tags.push(tag);
                same(&false, &again)
            }
            (Answer::NamedTag(tag), Written::Tag(read)) => {
                same(&self.library.bits.borrow().tags[tag], &read)
            }
            (Answer::StoreId, Written::Number(id)) => same(&self.library.store_id, &id),
            (Answer::TableType(table), Written::TableType(read)) => {
                let of = read.element;
                // SAFETY: the reference is owned, or NULL. The library keeps another one.
                unsafe { gcroots_type_free(of.r#type) };
                let table = &self.model.borrow().tables[table];
                let expected = (self.library.read_type(table.element), table.maximum as u64);
                same(
                    &expected,
                    &((of.r#type, of.heap, of.is_nullable), read.maximum),
                )
            }
            (Answer::GlobalType(global), Written::GlobalType(read)) => {
                // SAFETY: the reference is owned, or NULL. The library keeps another one.
                unsafe { gcroots_type_free(read.r#type) };
                let global = &self.model.borrow().globals[global];
                let expected = self.library.global_type(global);
                let reference = (read.r#type, read.heap, read.is_nullable);
                same(&expected, &(read.storage, reference, read.is_mutable))
            }
            (Answer::Type(of), Written::Type(read)) => {
                // SAFETY: the reference is owned. The library keeps another one.
                unsafe { gcroots_type_free(read) };
                same(&self.library.type_of(of), &read.cast_const())
            }
            (Answer::Hash(reference), Written::Number(hash)) => {
                let hashes = &mut self.model.borrow_mut().hashes;
                same(&*hashes.entry(reference).or_insert(hash), &hash)
            }
            // The buffer is larger. The rest must be unchanged.
            (Answer::Bytes(a), Written::Bytes(b)) => {
                let (read, rest) = b.split_at(a.len());
                same(&a[..], read)?;
                same(&true, &rest.iter().all(|byte| *byte == 0xa5))
            }
            (predicted, _) => differ!("another output, where the model has {predicted:?}"),
        }
    }

    /// Compares a value that is a number or null.
    pub(crate) fn compare_value(&self, value: Value, read: gcroots_val_t) -> Compared {
        // SAFETY: all bytes of the union are initialised, whatever the kind.
        let (kind, bits) = (read.kind, unsafe { read.of.v128.bytes });
        let first32 = u32::from_le_bytes([bits[0], bits[1], bits[2], bits[3]]);
        // SAFETY: all bytes of the union are initialised.
        let first64 = unsafe { read.of.i64 } as u64;
        match value {
            Value::I32(bits) => same(&(2, bits), &(kind, first32)),
            Value::I64(bits) => same(&(3, bits), &(kind, first64)),
            Value::F32(bits) => same(&(4, bits), &(kind, first32)),
            Value::F64(bits) => same(&(5, bits), &(kind, first64)),
            Value::V128(bytes) => same(&(6, bytes), &(kind, bits)),
            Value::Ref(_) => same(&0, &handle_in(read)?.store_id),
        }
    }

    /// Compares the number of entries of a weak map. Dead keys count until the library
    /// finds them.
    fn compare_size(&self, map: usize, size: usize, reached: &[bool]) -> Compared {
        let (least, most) = self.model.borrow().entry_counts(map, reached);
        let least = if self.lane.collects() { least } else { most };
        if !(least..=most).contains(&size) {
            differ!("{size} entries of map {map}, where the model has {least} to {most}");
        }
        Ok(())
    }

    /// Compares the sizes of all weak maps after a collection.
    fn compare_sizes(&self, reached: &[bool]) -> Compared {
        let maps: Vec<_> = self
            .model
            .borrow()
            .maps_in_use()
            .map(|(map, _)| map)
            .collect();
        for map in maps {
            let bits = self.library.bits.borrow().maps[map];
            let size = succeeded(self.library.map_size(bits))?;
            self.compare_size(map, size, reached)?;
        }
        Ok(())
    }

    /// Compares a new root. It must be of this store. It must refer to the object that
    /// the model predicts, which is checked with the other roots of that object.
    pub(crate) fn compare_root(&self, root: usize, read: gcroots_ref_t) -> Compared {
        self.model.borrow_mut().bind(root);
        self.library.bits.borrow_mut().roots[root] = read;
        same(&self.library.store_id, &read.store_id)?;
        let model = self.model.borrow();
        let target = model.roots[root].target;
        let others = || model.live.iter().rev().filter(|other| **other != root);
        let is = |other: &&usize| model.roots[**other].target == target;
        let same_object = others().find(is);
        let another = others().find(|other| !is(other));
        for (other, expected) in [(same_object, true), (another, false)] {
            if let Some(other) = other {
                let bits = self.library.bits.borrow().roots[*other];
                if bits == read {
                    differ!("root {root} has the bits of root {other}");
                }
                let equal = self.library.equal(bits, read).map_err(status_name)?;
                if equal != expected {
                    differ!("root {root}, of {target:?}, equals root {other}: {equal}");
                }
            }
        }
        Ok(())
    }

    /// Compares the upgrade of a weak handle whose object is unreachable, and may have
    /// died.
    fn compare_upgrade(&self, weak: usize, read: gcroots_ref_t) -> Compared {
        let mut model = self.model.borrow_mut();
        let target = model.weak[weak].target;
        if read.store_id == 0 {
            if !self.lane.collects() {
                differ!("a weak handle of {target:?} was cleared");
            }
            if let Reference::Node(node) = target {
                model.nodes[node].dead = true;
            }
            return Ok(());
        }
        let reached = model.reachable_from([target].into_iter());
        if let Some(dead) = (0..reached.len()).find(|n| reached[*n] && model.nodes[*n].dead) {
            differ!("{target:?} is alive, and reaches node {dead}, which is dead");
        }
        let root = model.push_root(target, false);
        self.library.bits.borrow_mut().roots.push(NULL_REF);
        drop(model);
        self.compare_root(root, read)
    }

    /// The library runs the finalizer of this data.
    fn finalized(&self, data: u64) {
        if self.failure.borrow().is_some() {
            return;
        }
        let nested = self.in_finalizer.replace(true);
        self.note(|| format!("finalizer of data {data}"));
        let operation = self.may_be_finalized(data, nested);
        match operation {
            Err(difference) => self.keep(Err(difference)),
            Ok(_) if self.freeing.get() => {
                // SAFETY: the store is alive until this returns.
                let status = unsafe { gcroots_store_gc(self.library.store) };
                self.keep(same(&GCROOTS_ERROR_BUSY, &status));
            }
            Ok(None) => {}
            Ok(Some(operation)) => {
                let frame = self.model.borrow().frames.len();
                self.model.borrow_mut().begin_frame(None);
                self.step(operation);
                self.model.borrow_mut().end_frames(frame);
            }
        }
        self.in_finalizer.set(nested);
    }

    fn may_be_finalized(&self, data: u64, nested: bool) -> Compared<Option<Operation>> {
        let mut model = self.model.borrow_mut();
        if nested {
            differ!("a finalizer of data {data} inside another");
        }
        if !self.freeing.get() && (!self.may_finalize.get() || model.asking) {
            differ!("a finalizer of data {data} in a call that runs none");
        }
        let is_replaced = model.replaced.iter().any(|old| old.data == data);
        if !self.freeing.get() && !self.lane.collects() && !is_replaced {
            differ!("a finalizer of data {data} without a collection");
        }
        model.finalizers_run += 1;
        if let Some(at) = model.replaced.iter().position(|old| old.data == data) {
            let old = model.replaced.remove(at);
            let late = old.number >= self.began_with.get().1;
            self.late.set(self.late.get() || late);
            return Ok(old.finalizer.flatten());
        }
        if data == model.data.data && model.data.finalizer.is_some() {
            let others = model.nodes.iter().any(Node::awaits_finalizer);
            if !self.freeing.get() || others || !model.replaced.is_empty() {
                differ!("a finalizer of the store's data {data}, before its time");
            }
            return Ok(model.data.finalizer.take().flatten());
        }
        let Some(&node) = model.owners.get(&data) else {
            differ!("a finalizer of data {data}, which nothing has");
        };
        let pending = Reference::Node(node);
        let is_new = |root: &Root| root.state == RootState::Pending && root.target == pending;
        let reachable = || model.reachable(&[RootState::Live])[node];
        if !self.freeing.get() && (reachable() || model.roots.iter().any(is_new)) {
            differ!("a finalizer of node {node}, which is reachable");
        }
        let late = node >= self.began_with.get().0;
        self.late.set(self.late.get() || late);
        model.nodes[node].dead = true;
        match &mut model.nodes[node].body {
            Body::Extern {
                finalized: true, ..
            }
            | Body::Func {
                finalized: true, ..
            } => {
                differ!("a second finalizer of node {node}")
            }
            Body::Extern {
                finalizer: Some(operation),
                finalized,
                ..
            }
            | Body::Func {
                finalizer: Some(operation),
                finalized,
                ..
            } => {
                *finalized = true;
                Ok(*operation)
            }
            body => differ!("a finalizer of node {node}, which has none: {body:?}"),
        }
    }

    /// Compares everything after `gcroots_store_gc` has returned.
    fn collected(&self, nodes_before: usize, run_before: u64) -> Compared {
        if self.in_finalizer.get() {
            return self.collected_inside();
        }
        let mut model = self.model.borrow_mut();
        model.settle();
        let reached = model.reachable(&[RootState::Live]);
        // No node must be dead if a late finalizer may have released it.
        let old_nodes = if self.late.get() { 0 } else { nodes_before };
        if self.lane.collects() {
            let old = model.nodes.iter_mut().zip(&reached).take(old_nodes);
            for (number, (node, _)) in old.enumerate().filter(|(_, (_, reached))| !**reached) {
                node.dead = true;
                if node.awaits_finalizer() && !self.lane.deferred {
                    differ!("node {number} is unreachable and was not finalized");
                }
            }
        }
        if let Some(node) = (0..reached.len()).find(|n| reached[*n] && model.nodes[*n].dead) {
            differ!("node {node} is reachable and has died");
        }
        let ran = model.finalizers_run != run_before;
        drop(model);
        if self.lane.deferred {
            self.all_wait(&reached, nodes_before)?;
        }
        self.compare_stats(&reached, old_nodes, ran)?;
        self.compare_sizes(&reached)?;
        self.walk()
    }

    /// Checks after a collection that all deferred finalizers of dead objects wait.
    fn all_wait(&self, reached: &[bool], old_nodes: usize) -> Compared {
        let Some(waiting) = self.library.waiting() else {
            differ!("no answer to how many finalizers wait");
        };
        let model = self.model.borrow();
        let old = model.nodes.iter().zip(reached).take(old_nodes);
        let dead = old.filter(|(node, reached)| node.awaits_finalizer() && !**reached);
        let least = if self.lane.collects() {
            dead.count()
        } else {
            0
        };
        let least = least + model.replaced.len();
        drop(model);
        self.may_wait(waiting, least as u64..)
    }

    /// Updates the model after a collection in a finalizer. Other finalizers of this
    /// collection run later.
    fn collected_inside(&self) -> Compared {
        let mut model = self.model.borrow_mut();
        model.settle();
        let reached = model.reachable(&[RootState::Live, RootState::Pending]);
        for (node, reached) in model.nodes.iter_mut().zip(reached) {
            node.dead |= !reached && self.lane.collects();
        }
        Ok(())
    }

    /// Compares statistics after a collection. Objects that finalizers made may be dead.
    fn compare_stats(&self, reached: &[bool], old_nodes: usize, ran: bool) -> Compared {
        let (model, stats) = (self.model.borrow(), self.library.stats());
        let made = |node: &usize| !matches!(model.nodes[*node].body, Body::Exn { tag, .. } if tag == usize::MAX);
        let nodes = || (0..model.nodes.len()).filter(made);
        let there = |node: &usize| reached[*node] || !self.lane.collects();
        let least = |node: &usize| there(node) && !model.nodes[*node].maybe;
        let most = |node: &usize| there(node) || (*node >= old_nodes && ran);
        let external = |node: usize| match model.nodes[node].body {
            Body::Extern { bytes, .. } => bytes as u64,
            _ => 0,
        };
        let bytes = |node: usize| bytes_of(&model.nodes[node].body) as u64;
        let most_bytes = |node: usize| most_bytes_of(&model.nodes[node].body) as u64;
        type Of<'a> = &'a dyn Fn(usize) -> u64;
        let between = |found: u64, of: Of<'_>, of_most: Of<'_>| {
            let least: u64 = nodes().filter(least).map(of).sum();
            let most: u64 = nodes().filter(most).map(of_most).sum();
            if !(least..=most).contains(&found) {
                differ!("{found}, where the model has {least} to {most}");
            }
            Ok(())
        };
        between(stats.objects, &|_| 1, &|_| 1).map_err(|what| format!("objects: {what}"))?;
        between(stats.live_bytes, &bytes, &most_bytes)
            .map_err(|what| format!("live bytes: {what}"))?;
        between(stats.external_bytes, &external, &external)
            .map_err(|what| format!("external bytes: {what}"))?;
        if self.lane.asks && stats.committed_bytes > self.granted.get() as u64 {
            differ!(
                "{} bytes committed of {:?} granted",
                stats.committed_bytes,
                self.granted
            );
        }
        let manual = model.live.iter().filter(|root| model.roots[**root].manual);
        let weak = model.weak.iter().filter(|weak| !weak.freed);
        let expected = [
            model.scoped.len() as u64,
            manual.count() as u64,
            weak.count() as u64,
            model.finalizers_run,
            model.stale_unroots,
        ];
        let found = [
            stats.scoped_roots,
            stats.manual_roots,
            stats.weak_handles,
            stats.finalizers_run,
            stats.stale_unroots,
        ];
        same(&expected, &found)
            .map_err(|what| format!("scoped, manual, weak, finalizers, stale: {what}"))
    }

    /// Compares everything reachable, and deletes the store.
    fn end(&self) {
        if !self.has_failed() {
            // If the store has an owner, it is this thread.
            self.keep(same(&GCROOTS_OK, &self.library.attach()));
            self.keep(self.walk());
        }
        self.freeing.set(true);
        let freed = self.library.free_store();
        if !self.has_failed() {
            self.keep(same(&GCROOTS_OK, &freed));
            self.keep(self.all_finalized());
        }
    }

    fn all_finalized(&self) -> Compared {
        let model = self.model.borrow();
        let mut of_data = model.replaced.iter().chain([&model.data]);
        if let Some(data) = of_data.find(|data| data.finalizer.is_some()) {
            differ!("{data:?} was never finalized");
        }
        match model.nodes.iter().position(Node::awaits_finalizer) {
            Some(node) => differ!("node {node} was never finalized"),
            None => Ok(()),
        }
    }
}

/// The handle in a value that is a reference.
pub(crate) fn handle_in(read: gcroots_val_t) -> Compared<gcroots_ref_t> {
    same(&7, &read.kind)?;
    // SAFETY: the kind says that this member was written.
    Ok(unsafe { read.of.r#ref })
}

pub(crate) fn same<T: PartialEq + std::fmt::Debug + ?Sized>(model: &T, library: &T) -> Compared {
    if model != library {
        let (mut library, mut model) = (format!("{library:?}"), format!("{model:?}"));
        // The contents of arrays may be long.
        library.truncate(600);
        model.truncate(600);
        differ!("{library}, where the model has {model}");
    }
    Ok(())
}

/// The result of a call that a comparison makes. It must succeed.
pub(crate) fn succeeded<T>(status: Status<T>) -> Compared<T> {
    status.map_err(|status| format!("{} ({})", status_name(status), last_error()))
}
