//! The model of a store: a graph of objects with their fields, and numbered roots. It has
//! no memory layout. Reachability is computed from the roots when it is needed.

use std::collections::HashMap;

use super::action::{Handle, Input};
use super::globals::Global;
use super::program::Operation;
use super::ranges::Range;
use super::tables::Table;
use super::types::{Heap, RefType, Shape, Storage, TYPES, above, is_subtype};

/// A reference, by its referent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reference {
    Null,
    /// An i31, by its bits.
    I31(u32),
    Node(usize),
}

/// The contents of a field. A packed field has its bits, extended with zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    I32(u32),
    I64(u64),
    F32(u32),
    F64(u64),
    V128([u8; 16]),
    Ref(Reference),
}

impl Value {
    /// The size of a value that is not packed.
    fn bytes(self) -> usize {
        match self {
            Value::I32(_) | Value::F32(_) | Value::Ref(_) => 4,
            Value::I64(_) | Value::F64(_) => 8,
            Value::V128(_) => 16,
        }
    }
}

/// The contents of an object.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Extern {
        data: u64,
        tag: usize,
        bytes: usize,
        finalizer: Option<Option<Operation>>,
        finalized: bool,
    },
    Struct {
        of: usize,
        fields: Vec<Value>,
    },
    Array {
        of: usize,
        elements: Vec<Value>,
    },
    Exn {
        tag: usize,
        fields: Vec<Value>,
    },
    Func {
        of: usize,
        data: u64,
        finalizer: Option<Option<Operation>>,
        finalized: bool,
    },
    /// The values of a table or global. `bytes` is the least size of the object and
    /// `most` the greatest.
    Hidden {
        values: Vec<Value>,
        bytes: usize,
        most: usize,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) body: Body,
    /// Whether the object was observed dead, must be dead according to the model, or was
    /// never made.
    pub(crate) dead: bool,
    /// Whether it may not exist. This is an array for a grown table, if the old array may
    /// have had room.
    pub(crate) maybe: bool,
}

impl Node {
    /// Whether it has a finalizer that has not run.
    pub(crate) fn awaits_finalizer(&self) -> bool {
        matches!(
            self.body,
            Body::Extern {
                finalizer: Some(_),
                finalized: false,
                ..
            } | Body::Func {
                finalizer: Some(_),
                finalized: false,
                ..
            }
        )
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RootState {
    /// Made by a call that has not returned.
    Pending,
    Live,
    /// A root without a handle. It holds the hidden object of a table or global, or a
    /// function that is running.
    Held,
    /// Queued to be unrooted later.
    Leaving,
    Gone,
    /// A root of a refused call. It has no handle.
    Never,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Root {
    pub(crate) target: Reference,
    pub(crate) manual: bool,
    pub(crate) state: RootState,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Weak {
    pub(crate) target: Reference,
    pub(crate) freed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PinState {
    /// Made by a call that has not returned.
    Pending,
    Live,
    Ended,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Pin {
    pub(crate) node: usize,
    pub(crate) state: PinState,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct WeakMap {
    /// Entries, including those of dead keys. No call can ask for these.
    pub(crate) entries: HashMap<Reference, Reference>,
    pub(crate) freed: bool,
}

/// The pointer of the embedder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoreData {
    pub(crate) data: u64,
    /// The operation of the finalizer, if there is a finalizer.
    pub(crate) finalizer: Option<Option<Operation>>,
    /// The number of earlier store data.
    pub(crate) number: usize,
}

/// The owner of the store, which may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The thread that runs the program.
    This,
    /// Nobody: the store was detached, or its owner has ended.
    Nobody,
}

/// An open scope, a running finalizer or function, or the store itself, which is the
/// outermost frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) scope: Option<usize>,
    /// The numbers of scoped roots and no-GC spans when the frame began.
    pub(crate) roots: usize,
    pub(crate) spans: u32,
}

/// The state of a store.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) nodes: Vec<Node>,
    pub(crate) roots: Vec<Root>,
    /// The live roots, which programs may use.
    pub(crate) live: Vec<usize>,
    /// The scoped roots, oldest first.
    pub(crate) scoped: Vec<usize>,
    /// The roots that are queued to be unrooted.
    pub(crate) leaving: Vec<usize>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) spans: u32,
    /// The number of scopes so far.
    pub(crate) scopes: usize,
    pub(crate) weak: Vec<Weak>,
    pub(crate) pins: Vec<Pin>,
    pub(crate) maps: Vec<WeakMap>,
    pub(crate) tables: Vec<Table>,
    pub(crate) globals: Vec<Global>,
    pub(crate) ranges: Vec<Range>,
    /// The type of each tag.
    pub(crate) tags: Vec<usize>,
    pub(crate) hashes: HashMap<Reference, u64>,
    /// The object with this data.
    pub(crate) owners: HashMap<u64, usize>,
    pub(crate) next_data: u64,
    pub(crate) finalizers_run: u64,
    pub(crate) stale_unroots: u64,
    /// The bytes of all objects that were made.
    pub(crate) bytes_made: usize,
    /// The pending exception.
    pub(crate) pending: Reference,
    /// The number of nested calls of functions.
    pub(crate) calls: u32,
    pub(crate) data: StoreData,
    /// The store data under keys.
    pub(crate) keyed: HashMap<usize, u64>,
    /// Earlier store data whose finalizers have not run.
    pub(crate) replaced: Vec<StoreData>,
    pub(crate) owner: Owner,
    /// Whether the thread that runs the program ends when the program moves to another
    /// thread.
    pub(crate) thread_ends: bool,
    /// Whether the growth callback is running.
    pub(crate) asking: bool,
    /// Whether the heap begins small, so that programs should fill it.
    pub(crate) tight: bool,
    /// Whether the collector frees objects.
    pub(crate) collects: bool,
    /// Whether objects can be pinned.
    pub(crate) has_pins: bool,
}

/// The size of an object: a header, the length of an array or the tag of an exception,
/// and the values. Each value is at a multiple of its size, or of 8 if it is larger.
pub(crate) fn bytes_of(body: &Body) -> usize {
    match body {
        Body::Extern { .. } | Body::Func { .. } => 16,
        Body::Struct { of, .. } => {
            let fields = TYPES[*of].fields.iter().map(|field| field.storage.bytes());
            end_of(8, fields).max(16)
        }
        Body::Exn { fields, .. } => end_of(16, fields.iter().map(|value| value.bytes())),
        Body::Array { of, elements } => {
            let bytes = TYPES[*of].fields[0].storage.bytes();
            (16 + bytes * elements.len()).next_multiple_of(8)
        }
        Body::Hidden { bytes, .. } => *bytes,
    }
}

/// The greatest possible size of an object.
pub(crate) fn most_bytes_of(body: &Body) -> usize {
    match body {
        Body::Hidden { most, .. } => *most,
        body => bytes_of(body),
    }
}

/// The size of an array of references.
pub(crate) fn array_bytes(length: usize) -> usize {
    (16 + 4 * length).next_multiple_of(8)
}

/// The size of a struct with one field.
pub(crate) fn struct_bytes(storage: Storage) -> usize {
    end_of(8, [storage.bytes()].into_iter()).max(16)
}

/// The end of an object that has values of these sizes from `start` on.
fn end_of(start: usize, sizes: impl Iterator<Item = usize>) -> usize {
    let end = sizes.fold(start, |at, bytes| at.next_multiple_of(bytes.min(8)) + bytes);
    end.next_multiple_of(8)
}

impl Model {
    pub(crate) fn new(tight: bool, collects: bool, has_pins: bool) -> Model {
        let outermost = Frame {
            scope: None,
            roots: 0,
            spans: 0,
        };
        Model {
            nodes: Vec::new(),
            roots: Vec::new(),
            live: Vec::new(),
            scoped: Vec::new(),
            leaving: Vec::new(),
            frames: vec![outermost],
            spans: 0,
            scopes: 0,
            weak: Vec::new(),
            pins: Vec::new(),
            maps: Vec::new(),
            tables: Vec::new(),
            globals: Vec::new(),
            ranges: Vec::new(),
            tags: Vec::new(),
            hashes: HashMap::new(),
            owners: HashMap::new(),
            next_data: 0,
            finalizers_run: 0,
            stale_unroots: 0,
            bytes_made: 0,
            pending: Reference::Null,
            calls: 0,
            keyed: HashMap::new(),
            data: StoreData {
                data: 0,
                finalizer: None,
                number: 0,
            },
            replaced: Vec::new(),
            owner: Owner::This,
            thread_ends: false,
            asking: false,
            tight,
            collects,
            has_pins,
        }
    }

    /// Whether a finalizer or function is running.
    pub(crate) fn is_inside(&self) -> bool {
        let around = self.frames.iter().filter(|frame| frame.scope.is_none());
        around.count() > 1
    }

    /// Sets the pointer of the embedder.
    pub(crate) fn set_data(&mut self, data: u64, finalizer: Option<Option<Operation>>) {
        let number = self.data.number + 1;
        let new = StoreData {
            data,
            finalizer,
            number,
        };
        let old = std::mem::replace(&mut self.data, new);
        if old.finalizer.is_some() {
            self.replaced.push(old);
        }
    }

    /// The object of a handle, if its root is live.
    pub(crate) fn body_of(&self, handle: Handle) -> Option<&Body> {
        let Handle::Root(root) = handle else {
            return None;
        };
        match self.roots[root] {
            Root {
                target: Reference::Node(node),
                state: RootState::Live,
                ..
            } => Some(&self.nodes[node].body),
            _ => None,
        }
    }

    /// The number of fields or elements of the object of a handle.
    pub(crate) fn length_of(&self, handle: Handle) -> usize {
        self.body_of(handle).map_or(0, |body| values_of(body).len())
    }

    /// The storage and contents of a field or element of the object of a handle.
    pub(crate) fn value_at(&self, handle: Handle, index: usize) -> Option<(Storage, Value)> {
        let body = self.body_of(handle)?;
        let of = match body {
            Body::Extern { .. } | Body::Func { .. } | Body::Hidden { .. } => return None,
            Body::Struct { of, .. } | Body::Array { of, .. } => *of,
            Body::Exn { tag, .. } => self.tags[*tag],
        };
        let fields = TYPES[of].fields;
        let place = if TYPES[of].shape == Shape::Array {
            0
        } else {
            index
        };
        let value = values_of(body).get(index)?;
        Some((fields.get(place)?.storage, *value))
    }

    /// Whether a reference is of a type.
    pub(crate) fn admits(&self, of: RefType, reference: Reference) -> bool {
        let node = match reference {
            Reference::Null => return of.nullable,
            Reference::Node(node) if of.heap == Heap::Every => {
                return !matches!(self.nodes[node].body, Body::Hidden { .. });
            }
            Reference::I31(_) if of.heap == Heap::Every => return true,
            Reference::I31(_) => {
                return matches!(of.heap, Heap::Any | Heap::Extern | Heap::Eq | Heap::I31);
            }
            Reference::Node(node) => node,
        };
        let typed = match &self.nodes[node].body {
            Body::Extern { .. } => return matches!(of.heap, Heap::Any | Heap::Extern),
            Body::Exn { .. } => return of.heap == Heap::Exn,
            Body::Hidden { .. } => return false,
            Body::Func { of: typed, .. } => {
                return match of.heap {
                    Heap::Type(upper) => is_subtype(*typed, upper),
                    heap => heap == Heap::Func,
                };
            }
            Body::Struct { of, .. } | Body::Array { of, .. } => *of,
        };
        match of.heap {
            Heap::Any | Heap::Extern | Heap::Eq => true,
            Heap::Type(upper) => is_subtype(typed, upper),
            heap => heap == above(typed),
        }
    }

    /// Makes a root. It is pending.
    pub(crate) fn push_root(&mut self, target: Reference, manual: bool) -> usize {
        let root = self.roots.len();
        self.roots.push(Root {
            target,
            manual,
            state: RootState::Pending,
        });
        if !manual {
            self.scoped.push(root);
        }
        self.settle_some();
        root
    }

    /// Makes a pending root live, since the call that made it has returned.
    pub(crate) fn bind(&mut self, root: usize) {
        // A finalizer cannot have ended it, since it has no handle for it.
        self.roots[root].state = RootState::Live;
        self.live.push(root);
    }

    pub(crate) fn end_root(&mut self, root: usize) {
        // A root without a handle cannot have a stale handle.
        self.roots[root].state = match self.roots[root].state {
            RootState::Held => RootState::Never,
            _ => RootState::Gone,
        };
        if let Some(at) = self.live.iter().rposition(|live| *live == root) {
            self.live.remove(at);
        }
    }

    /// Ends the queued roots, unless there are more than one call takes out of the queue.
    pub(crate) fn settle_some(&mut self) {
        if self.leaving.len() <= 32 {
            self.settle();
        }
    }

    /// Ends the queued roots.
    pub(crate) fn settle(&mut self) {
        for root in std::mem::take(&mut self.leaving) {
            self.roots[root].state = RootState::Gone;
        }
    }

    /// Ends the newest scoped roots until `roots` are left.
    pub(crate) fn truncate(&mut self, roots: usize) {
        for root in self.scoped.split_off(roots) {
            self.end_root(root);
        }
    }

    /// Ends the frame `first` and all later frames, with their roots and spans.
    pub(crate) fn end_frames(&mut self, first: usize) {
        let Frame { roots, spans, .. } = self.frames[first];
        self.frames.truncate(first);
        self.truncate(roots);
        self.spans = spans;
    }

    pub(crate) fn begin_frame(&mut self, scope: Option<usize>) {
        self.frames.push(Frame {
            scope,
            roots: self.scoped.len(),
            spans: self.spans,
        });
    }

    pub(crate) fn new_data(&mut self) -> u64 {
        self.next_data += 1;
        self.next_data
    }

    /// Makes an object and a pending root for it.
    pub(crate) fn make(&mut self, body: Body, manual: bool) -> usize {
        let node = self.nodes.len();
        if let Body::Extern { data, .. } | Body::Func { data, .. } = body {
            self.owners.insert(data, node);
        }
        self.bytes_made += bytes_of(&body);
        self.nodes.push(Node {
            body,
            dead: false,
            maybe: false,
        });
        self.push_root(Reference::Node(node), manual)
    }

    /// Ends the innermost frame, but keeps a root that was made in it.
    pub(crate) fn escape(&mut self, root: usize) {
        self.scoped.retain(|scoped| *scoped != root);
        self.end_frames(self.frames.len() - 1);
        self.scoped.push(root);
    }

    /// Moves a new object from its root to another root.
    pub(crate) fn move_into(&mut self, root: usize, to: usize) {
        self.roots[to].target = self.roots[root].target;
        self.scoped.retain(|scoped| *scoped != root);
        self.roots[root].state = RootState::Never;
    }

    /// Undoes [`Model::make`], since the call was refused.
    pub(crate) fn unmake(&mut self, root: usize) {
        let Reference::Node(node) = self.roots[root].target else {
            return;
        };
        if let Body::Extern { data, .. } | Body::Func { data, .. } = self.nodes[node].body {
            self.owners.remove(&data);
        }
        self.bytes_made -= bytes_of(&self.nodes[node].body);
        self.nodes[node] = Node {
            body: Body::Exn {
                tag: usize::MAX,
                fields: Vec::new(),
            },
            dead: true,
            maybe: false,
        };
        self.scoped.retain(|scoped| *scoped != root);
        self.roots[root].state = RootState::Never;
    }

    /// The hidden object of a table or global.
    pub(crate) fn held_node(&self, root: usize) -> usize {
        match self.roots[root].target {
            Reference::Node(node) => node,
            other => unreachable!("{other:?}"),
        }
    }

    /// A call has succeeded that made the hidden object of a table or global. The object
    /// has between `least` and `longest` bytes.
    pub(crate) fn hold(&mut self, root: usize, least: usize, longest: usize) {
        self.roots[root].state = RootState::Held;
        let node = self.held_node(root);
        self.bytes_made += longest - least;
        if let Body::Hidden { bytes, most, .. } = &mut self.nodes[node].body {
            (*bytes, *most) = (least, longest);
        }
    }

    /// Releases the hidden object of a table or global that was freed, or got another
    /// object.
    pub(crate) fn let_go(&mut self, root: usize) {
        self.roots[root].state = RootState::Never;
    }

    /// The nodes that are reachable from roots in these states, hidden objects, root
    /// ranges and the pending exception.
    pub(crate) fn reachable(&self, states: &[RootState]) -> Vec<bool> {
        let held = |root: &&Root| root.state == RootState::Held || states.contains(&root.state);
        let targets = self.roots.iter().filter(held).map(|root| root.target);
        let pins = self.pins.iter().filter(|pin| pin.state != PinState::Ended);
        let pinned = pins.map(|pin| Reference::Node(pin.node));
        let others = self.in_ranges().into_iter().chain([self.pending]);
        self.reachable_from(targets.chain(pinned).chain(others))
    }

    /// The nodes that are reachable from some references, also through weak maps.
    pub(crate) fn reachable_from(&self, from: impl Iterator<Item = Reference>) -> Vec<bool> {
        let mut reached = vec![false; self.nodes.len()];
        let mut left: Vec<_> = from.collect();
        loop {
            self.reach(left, &mut reached);
            // Newly reached nodes may be keys, or lead to keys. The next round reaches
            // their values.
            left = self.values_of_reached_keys(&reached);
            if left.is_empty() {
                return reached;
            }
        }
    }

    /// The weak maps that are not freed, with their numbers.
    pub(crate) fn maps_in_use(&self) -> impl Iterator<Item = (usize, &WeakMap)> {
        let maps = self.maps.iter().enumerate();
        maps.filter(|(_, map)| !map.freed)
    }

    /// The unreached values in weak maps whose keys are reached.
    fn values_of_reached_keys(&self, reached: &[bool]) -> Vec<Reference> {
        let entries = self.maps_in_use().flat_map(|(_, map)| &map.entries);
        entries
            .filter(|(key, _)| is_reached(**key, reached))
            .map(|(_, value)| *value)
            .filter(|value| !is_reached(*value, reached))
            .collect()
    }

    /// The least and greatest possible number of entries of a weak map: those with
    /// reached keys, and those whose keys were not observed dead.
    pub(crate) fn entry_counts(&self, map: usize, reached: &[bool]) -> (usize, usize) {
        let keys = || self.maps[map].entries.keys();
        let not_dead = |key: &&Reference| match **key {
            Reference::Node(node) => !self.nodes[node].dead,
            _ => true,
        };
        let alive = keys().filter(|key| is_reached(**key, reached));
        (alive.count(), keys().filter(not_dead).count())
    }

    /// Marks the nodes that are reachable from references without weak maps.
    fn reach(&self, mut left: Vec<Reference>, reached: &mut [bool]) {
        while let Some(reference) = left.pop() {
            let Reference::Node(node) = reference else {
                continue;
            };
            if !std::mem::replace(&mut reached[node], true) {
                let values = values_of(&self.nodes[node].body).iter();
                left.extend(values.filter_map(|value| match value {
                    Value::Ref(reference) => Some(*reference),
                    _ => None,
                }));
            }
        }
    }

    /// The greatest possible bytes of each of some nodes.
    pub(crate) fn sizes(&self, counted: &[bool]) -> impl Iterator<Item = usize> {
        let nodes = self.nodes.iter().zip(counted);
        let counted = nodes.filter(|(_, counted)| **counted);
        counted.map(|(node, _)| most_bytes_of(&node.body))
    }
}

/// Whether the referent is one of these nodes, or cannot die.
fn is_reached(reference: Reference, reached: &[bool]) -> bool {
    match reference {
        Reference::Node(node) => reached[node],
        Reference::Null | Reference::I31(_) => true,
    }
}

/// The fields or elements of an object.
pub(crate) fn values_of(body: &Body) -> &[Value] {
    match body {
        Body::Extern { .. } | Body::Func { .. } => &[],
        Body::Struct { fields, .. } | Body::Exn { fields, .. } => fields,
        Body::Array { elements, .. } => elements,
        Body::Hidden { values, .. } => values,
    }
}

/// The initial contents of a field.
pub(crate) fn default_of(storage: Storage) -> Value {
    match storage {
        Storage::I8 | Storage::I16 | Storage::I32 => Value::I32(0),
        Storage::I64 => Value::I64(0),
        Storage::F32 => Value::F32(0),
        Storage::F64 => Value::F64(0),
        Storage::V128 => Value::V128([0; 16]),
        Storage::Ref(_) => Value::Ref(Reference::Null),
    }
}

/// The contents of a field after it is set to an acceptable value. The caller has
/// resolved the handle in it to `reference`.
pub(crate) fn stored(storage: Storage, input: Input, reference: Reference) -> Value {
    match (storage, input) {
        (Storage::I8, Input::I32(bits)) => Value::I32(bits & 0xff),
        (Storage::I16, Input::I32(bits)) => Value::I32(bits & 0xffff),
        (_, Input::I32(bits)) => Value::I32(bits),
        (_, Input::I64(bits)) => Value::I64(bits),
        (_, Input::F32(bits)) => Value::F32(bits),
        (_, Input::F64(bits)) => Value::F64(bits),
        (_, Input::V128(bytes)) => Value::V128(bytes),
        (_, Input::Ref(_) | Input::NoKind(_)) => Value::Ref(reference),
    }
}
