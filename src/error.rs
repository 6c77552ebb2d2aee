//! Why a call failed.
//!
//! [`Error`] is small and `Copy`. Making one allocates nothing, so the library can
//! report that memory is exhausted. An error carries the values that its message shows;
//! [`Display`](fmt::Display) writes the message. The C API maps each variant to one
//! status and formats the message into a fixed buffer.

use core::fmt;

/// The result of an operation of the core.
pub type Result<T> = core::result::Result<T, Error>;

/// Why an operation failed. Unless a variant says otherwise, nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A required pointer is NULL.
    NullArgument {
        /// The parameter's name.
        parameter: &'static str,
    },
    /// A collection of types cannot be registered, because one of its types is invalid.
    InvalidType {
        /// The index of the invalid type in the collection.
        index: u32,
        /// What is wrong, as the predicate of a sentence about the type.
        what: &'static str,
        /// The index in the collection of a second type that `what` is about, if any.
        other: Option<u32>,
    },
    /// The type belongs to another engine.
    WrongEngine {
        /// The parameter's name.
        parameter: &'static str,
    },
    /// A collection of types cannot be registered, because one of its types refers to a
    /// type of another engine.
    ForeignType {
        /// The index of the referring type in the collection.
        index: u32,
    },
    /// A value is out of its documented range.
    InvalidArgument {
        /// The parameter's name.
        parameter: &'static str,
        /// The value that was passed.
        value: u64,
        /// The values that are allowed.
        allowed: &'static str,
    },
    /// An externref has fewer external bytes than a call would take away.
    FewExternalBytes {
        /// The difference that was passed.
        difference: i64,
        /// The externref's external bytes.
        bytes: u64,
    },
    /// A root range of the embedder has an invalid address.
    BadRange {
        /// The index in the handle of the range, or of the visitor that reported it.
        source: u32,
        /// The address of the slots.
        slots: u64,
        /// The number of slots according to the range.
        count: u64,
        /// What is wrong, as the predicate of a sentence about the address.
        what: &'static str,
    },
    /// A slot of a root range contains bits that do not refer to an object.
    BadSlot {
        /// The index in the handle of the range, or of the visitor that reported it.
        source: u32,
        /// The slot's number.
        slot: u64,
        /// The slot's bits.
        bits: u32,
    },
    /// A slot below the `unchanged` of its root range was written after a collection.
    ChangedSlot {
        /// The index in the handle of the range.
        source: u32,
        /// The slot's number.
        slot: u64,
        /// The slot's bits.
        bits: u32,
        /// The bits that the last collection left in the slot.
        before: u32,
        /// The range's `unchanged`.
        unchanged: u64,
    },
    /// The handle or scope belongs to another store, which may have been deleted.
    WrongStore {
        /// The parameter's name.
        parameter: &'static str,
        /// The store id in the handle.
        handle: u64,
        /// The id of the store that was called.
        store: u64,
    },
    /// The store belongs to another thread, or is detached.
    WrongThread {
        /// The token of the owner thread. 0 if the store is detached.
        owner: u64,
        /// The token of the calling thread. 0 if that thread never owned a store.
        caller: u64,
    },
    /// The store is doing something during which this call is not allowed.
    Busy {
        /// What the store is doing, as an adverbial phrase: "inside ...".
        during: &'static str,
    },
    /// The handle's scope was exited, or the handle was unrooted or freed.
    Unrooted {
        /// The parameter's name.
        parameter: &'static str,
        /// What the handle should name: "scoped root", "table".
        kind: &'static str,
        /// The handle's slot.
        slot: u32,
        /// The handle's generation.
        generation: u32,
    },
    /// A reference is null where a non-null one is required.
    NullReference {
        /// The parameter's name.
        parameter: &'static str,
    },
    /// The object, or its tag, does not have the required type.
    TypeMismatch {
        /// What is required.
        needed: &'static str,
        /// What was found instead.
        found: &'static str,
    },
    /// A value does not have the type of its field or element.
    WrongValue {
        /// The index of the field or element.
        index: u64,
        /// What is required.
        needed: &'static str,
        /// What was found instead.
        found: &'static str,
    },
    /// A value is null, but its field or element is non-nullable.
    NullValue {
        /// The index of the field or element.
        index: u64,
    },
    /// The number of values differs from the type's number of fields.
    WrongCount {
        /// The number of values that were passed.
        count: u64,
        /// The number of fields.
        needed: u64,
    },
    /// The number of arguments or results differs from that of the function's type.
    WrongArity {
        /// The parameter's name.
        parameter: &'static str,
        /// The number that was passed.
        count: u64,
        /// The number that the function's type requires.
        needed: u64,
    },
    /// An argument or a result of a call is invalid.
    InCall {
        /// "argument" or "result".
        what: &'static str,
        /// The index of the argument or result.
        index: u64,
        /// Why it is invalid.
        why: ValueError,
    },
    /// An exception is pending.
    Exception {
        /// True if the function that was called threw the exception or left it pending.
        /// False if the exception was pending before; then no function was called.
        thrown: bool,
    },
    /// A host function in C returned a status other than success.
    Returned {
        /// The number of the status.
        status: u32,
    },
    /// The object does not have the required registered type.
    NotOfType {
        /// The index of the field or element, if the object is a value for one.
        value: Option<u64>,
        /// The index of the required type.
        needed: u32,
        /// What was found instead.
        found: &'static str,
        /// The index of the found object's type, if it has one.
        found_type: Option<u32>,
    },
    /// The field or element is immutable.
    Immutable {
        /// The index of the field or element.
        index: u64,
        /// The index of the object's type.
        type_index: u32,
    },
    /// The global is immutable.
    ImmutableGlobal {
        /// The slot of the global's handle.
        index: u32,
    },
    /// An index of a field or an element is out of bounds.
    OutOfBounds {
        /// "field" or "element".
        what: &'static str,
        /// The index.
        index: u64,
        /// The number of fields or elements.
        length: u64,
    },
    /// The scope is not the innermost one, or is not open.
    ScopeOrder {
        /// The serial number of the scope that was passed.
        scope: u64,
        /// The serial number of the innermost open scope. 0 if that is the store itself
        /// or the implicit scope of a callback.
        innermost: u64,
    },
    /// The current scope has no no-GC span to close.
    NoOpenSpan {
        /// The serial number of the innermost open scope. 0 if that is the store itself
        /// or the implicit scope of a callback.
        innermost: u64,
    },
    /// The operation needs a collection, but a no-GC span is open.
    NoGc {
        /// The number of open spans.
        spans: u32,
    },
    /// The object does not fit below the heap's limit, even after a collection.
    HeapLimit {
        /// The number of bytes that were requested.
        requested: u64,
        /// The heap's limit in bytes.
        limit: u64,
    },
    /// The memory beside the heap does not fit below its limit.
    SideLimit {
        /// The number of bytes that were requested.
        requested: u64,
        /// The number of bytes that the store has beside its heap.
        used: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The external bytes of a store's objects do not fit below their limit.
    ExternalLimit {
        /// The number of bytes that were requested.
        requested: u64,
        /// The number of bytes that objects and waiting finalizers hold.
        used: u64,
        /// The part of `used` that objects hold whose finalizers wait.
        waiting: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The growth callback did not allow the heap to grow.
    GrowthRefused {
        /// The number of bytes that the heap would have committed in total.
        wanted: u64,
    },
    /// The operating system did not provide memory.
    SystemMemory {
        /// The number of bytes that were requested.
        requested: u64,
    },
    /// The operating system did not reserve the heap's address space.
    AddressSpace {
        /// The number of bytes that were requested.
        requested: u64,
    },
    /// The process has as many memory mappings as the operating system allows.
    Mappings {
        /// The greatest number of mappings: `vm.max_map_count`.
        limit: u64,
    },
    /// The heap is at its limit, and full collections free too little of it.
    Overhead {
        /// The number of bytes that were requested.
        requested: u64,
        /// The share of the heap that a collection has to free.
        percent: u32,
        /// The number of collections in a row that freed less.
        collections: u32,
    },
    /// A limit of the library is exceeded.
    Limit {
        /// What is limited, in the plural: "fields of a struct".
        what: &'static str,
        /// The largest allowed number.
        limit: u64,
    },
    /// The store's collector cannot do this.
    Unsupported {
        /// What it does not have, in the plural: "pins".
        what: &'static str,
        /// The collector's name.
        collector: &'static str,
    },
    /// gcroots has a bug, or something overwrote the heap. The store is poisoned.
    Internal {
        /// What was found.
        what: &'static str,
        /// The value that was found.
        value: u64,
    },
}

/// Why an argument or a result of a call is invalid.
///
/// The message is the predicate of a sentence: the name of the argument or result comes
/// before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueError {
    /// The kind of the value is unknown.
    Kind {
        /// The number of the kind.
        kind: u32,
    },
    /// The handle belongs to another store, which may have been deleted.
    WrongStore {
        /// The store id in the handle.
        handle: u64,
        /// The id of the store that was called.
        store: u64,
    },
    /// The handle's scope was exited, or the handle was unrooted.
    Unrooted {
        /// The handle's slot.
        slot: u32,
        /// The handle's generation.
        generation: u32,
    },
    /// The reference is null where a non-null one is required.
    Null,
    /// The value does not have the required type.
    Type {
        /// What is required.
        needed: &'static str,
        /// What was found instead.
        found: &'static str,
    },
    /// The object does not have the required registered type.
    NotOfType {
        /// The index of the required type.
        needed: u32,
        /// What was found instead.
        found: &'static str,
        /// The index of the found object's type, if it has one.
        found_type: Option<u32>,
    },
}

impl Error {
    /// Turns an error about a value into [`Error::InCall`] for the argument or result at
    /// `index`. Other errors are returned unchanged.
    pub(crate) fn in_call(self, what: &'static str, index: usize) -> Error {
        let why = match self {
            Error::WrongStore { handle, store, .. } => ValueError::WrongStore { handle, store },
            Error::Unrooted {
                slot, generation, ..
            } => ValueError::Unrooted { slot, generation },
            Error::NullValue { .. } => ValueError::Null,
            Error::WrongValue { needed, found, .. } => ValueError::Type { needed, found },
            Error::NotOfType {
                needed,
                found,
                found_type,
                ..
            } => ValueError::NotOfType {
                needed,
                found,
                found_type,
            },
            other => return other,
        };
        Error::InCall {
            what,
            index: index as u64,
            why,
        }
    }

    /// Shorthand for [`Error::Internal`], for checks.
    pub(crate) const fn internal(what: &'static str, value: u64) -> Error {
        Error::Internal { what, value }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Error::NullArgument { parameter } => write!(f, "`{parameter}` is NULL"),
            Error::InvalidArgument {
                parameter,
                value,
                allowed,
            } => write!(f, "`{parameter}` is {value}; it must be {allowed}"),
            Error::FewExternalBytes { difference, bytes } => write!(
                f,
                "`difference` is {difference}, but the externref has {bytes} external bytes"
            ),
            Error::BadRange {
                source,
                slots,
                count,
                what,
            } => write!(
                f,
                "root source {source}: the address {slots:#x} of {count} slots {what}"
            ),
            Error::BadSlot { source, slot, bits } => write!(
                f,
                "root source {source}: slot {slot} has {bits:#x}, which refers to no object"
            ),
            Error::ChangedSlot {
                source,
                slot,
                bits,
                before,
                unchanged,
            } => write!(
                f,
                "root source {source}: slot {slot} is below `unchanged`, which is {unchanged}, \
                 but has changed from {before:#x} to {bits:#x}"
            ),
            Error::InvalidType {
                index,
                what,
                other: Some(other),
            } => write!(f, "type {index} {what} (type {other})"),
            Error::InvalidType { index, what, .. } => write!(f, "type {index} {what}"),
            Error::WrongEngine { parameter } => {
                write!(f, "`{parameter}` belongs to another engine")
            }
            Error::ForeignType { index } => {
                write!(f, "type {index} refers to a type of another engine")
            }
            Error::WrongStore {
                parameter,
                handle,
                store,
            } => write!(
                f,
                "`{parameter}` belongs to store {handle:#x}, but this call is on store {store:#x}"
            ),
            Error::WrongThread { owner: 0, caller } => write!(
                f,
                "the store is detached; thread {caller:#x} must attach it before it calls"
            ),
            Error::WrongThread { owner, caller: 0 } => write!(
                f,
                "the store belongs to thread {owner:#x}, but the calling thread never owned a store"
            ),
            Error::WrongThread { owner, caller } => write!(
                f,
                "the store belongs to thread {owner:#x}, but this call is from thread {caller:#x}"
            ),
            Error::Busy { during } => write!(f, "this call is not allowed {during}"),
            Error::Unrooted {
                parameter,
                kind,
                slot,
                generation,
            } => write!(
                f,
                "`{parameter}` does not name a live {kind}: the root has ended, or never was (slot {slot}, generation {generation})"
            ),
            Error::NullReference { parameter } => {
                write!(f, "`{parameter}` is null; a non-null reference is required")
            }
            Error::OutOfBounds {
                what,
                index,
                length,
            } => write!(
                f,
                "{what} {index} is out of bounds; the number of {what}s is {length}"
            ),
            Error::TypeMismatch { needed, found } => {
                write!(f, "{needed} is required, but {found} was found")
            }
            Error::WrongValue {
                index,
                needed,
                found,
            } => write!(
                f,
                "the value for field or element {index} is {found}; {needed} is required"
            ),
            Error::NullValue { index } => write!(
                f,
                "the value for field or element {index} is null; a non-null reference is required"
            ),
            Error::WrongCount { count, needed } => {
                write!(f, "`count` is {count}; the type has {needed} fields")
            }
            Error::WrongArity {
                parameter,
                count,
                needed,
            } => write!(
                f,
                "`{parameter}` is {count}; the function's type requires {needed}"
            ),
            Error::InCall { what, index, why } => write!(f, "{what} {index} {why}"),
            Error::Returned { status } => write!(f, "the function returned status {status}"),
            Error::Exception { thrown: true } => {
                write!(f, "the function threw an exception, which is pending")
            }
            Error::Exception { thrown: false } => write!(
                f,
                "an exception is pending; take it before you call a function"
            ),
            Error::NotOfType {
                value,
                needed,
                found,
                found_type,
            } => {
                let found = Found { found, found_type };
                match value {
                    Some(index) => write!(
                        f,
                        "the value for field or element {index} is {found}; type {needed} is required"
                    ),
                    None => write!(f, "type {needed} is required, but {found} was found"),
                }
            }
            Error::Immutable { index, type_index } => write!(
                f,
                "field or element {index} of an object of type {type_index} cannot be set"
            ),
            Error::ImmutableGlobal { index } => write!(f, "global {index} cannot be set"),
            Error::ScopeOrder {
                scope,
                innermost: 0,
            } => write!(
                f,
                "scope {scope} is not open; this store or callback has no open scopes"
            ),
            // Scopes are numbered as they are entered.
            Error::ScopeOrder { scope, innermost } if scope > innermost => write!(
                f,
                "scope {scope} is not open: it has ended, or was never entered; the innermost open scope is {innermost}"
            ),
            Error::ScopeOrder { scope, innermost } => write!(
                f,
                "scope {scope} is not the innermost open scope; that is scope {innermost}"
            ),
            Error::NoOpenSpan { innermost: 0 } => {
                write!(
                    f,
                    "this store or callback has no open no-GC span outside its scopes"
                )
            }
            Error::NoOpenSpan { innermost } => write!(
                f,
                "scope {innermost}, the innermost open scope, has no open no-GC span"
            ),
            Error::NoGc { spans } => write!(
                f,
                "a collection is needed, but {spans} no-GC span(s) are open"
            ),
            Error::HeapLimit { requested, limit } => write!(
                f,
                "{requested} bytes do not fit into the heap, whose limit is {limit} bytes"
            ),
            Error::SideLimit {
                requested,
                used,
                limit,
            } => write!(
                f,
                "{requested} more bytes beside the heap do not fit: {used} are in use, and the limit is {limit}"
            ),
            Error::ExternalLimit {
                requested,
                used,
                waiting: 0,
                limit,
            } => write!(
                f,
                "{requested} more external bytes do not fit: {used} are in use, and the limit is {limit}"
            ),
            Error::ExternalLimit {
                requested,
                used,
                waiting,
                limit,
            } => write!(
                f,
                "{requested} more external bytes do not fit: {used} are in use, {waiting} of which wait for finalizers, and the limit is {limit}"
            ),
            Error::GrowthRefused { wanted } => write!(
                f,
                "the growth callback did not allow the heap to grow to {wanted} bytes"
            ),
            Error::SystemMemory { requested } => {
                write!(
                    f,
                    "the operating system did not provide {requested} bytes of memory"
                )
            }
            Error::AddressSpace { requested } => write!(
                f,
                "the operating system did not reserve {requested} bytes of address space for the heap; a smaller heap limit reserves less"
            ),
            Error::Mappings { limit } => write!(
                f,
                "the process has too many memory mappings; the operating system allows {limit} (vm.max_map_count)"
            ),
            Error::Overhead {
                requested,
                percent,
                collections,
            } => write!(
                f,
                "{requested} bytes are refused by the overhead limit: the heap is at its limit, and each of the last {collections} full collections freed less than {percent} % of it"
            ),
            Error::Limit { what, limit } => write!(f, "at most {limit} {what} are allowed"),
            Error::Unsupported { what, collector } => {
                write!(f, "the {collector} collector does not support {what}")
            }
            Error::Internal { what, value } => write!(
                f,
                "internal error: {what} ({value:#x}); gcroots has a bug, or the heap was overwritten; the store is poisoned"
            ),
        }
    }
}

impl core::error::Error for Error {}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            ValueError::Kind { kind } => {
                write!(
                    f,
                    "has the kind {kind}; it must be 2 (i32) to 7 (reference)"
                )
            }
            ValueError::WrongStore { handle, store } => write!(
                f,
                "belongs to store {handle:#x}, but this call is on store {store:#x}"
            ),
            ValueError::Unrooted { slot, generation } => write!(
                f,
                "does not name a live root (slot {slot}, generation {generation})"
            ),
            ValueError::Null => write!(f, "is null; a non-null reference is required"),
            ValueError::Type { needed, found } => write!(f, "is {found}; {needed} is required"),
            ValueError::NotOfType {
                needed,
                found,
                found_type,
            } => {
                let found = Found { found, found_type };
                write!(f, "is {found}; type {needed} is required")
            }
        }
    }
}

/// An object that was found, with its type if it has one.
struct Found {
    found: &'static str,
    found_type: Option<u32>,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.found)?;
        match self.found_type {
            Some(found_type) => write!(f, " of type {found_type}"),
            None => Ok(()),
        }
    }
}
