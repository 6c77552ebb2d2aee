//! Why a call was refused.
//!
//! [`Error`] is small and `Copy`: making one allocates nothing, so the library
//! can say "out of memory" when memory is out. It carries the values that its
//! message shows; [`Display`](fmt::Display) writes the message. The C API maps
//! each variant to one status and formats the message into a fixed buffer.

use core::fmt;

/// The result of an operation of the core.
pub type Result<T> = core::result::Result<T, Error>;

/// Why an operation was refused. Unless a variant says otherwise, nothing has
/// changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A required pointer is NULL.
    NullArgument {
        /// The parameter's name.
        parameter: &'static str,
    },
    /// A type of a collection that is registered is not well formed.
    InvalidType {
        /// Its index in the collection.
        index: u32,
        /// What is wrong.
        what: &'static str,
        /// The index in the collection of the type that it names, if that is not
        /// its only supertype.
        other: Option<u32>,
    },
    /// The type belongs to another engine.
    WrongEngine {
        /// The parameter's name.
        parameter: &'static str,
    },
    /// A type of a collection that is registered refers to a type of another engine.
    ForeignType {
        /// Its index in the collection.
        index: u32,
    },
    /// A value is out of its documented range.
    InvalidArgument {
        /// The parameter's name.
        parameter: &'static str,
        /// What was passed.
        value: u64,
        /// What may be passed.
        allowed: &'static str,
    },
    /// The handle or scope belongs to another store, or to one since deleted.
    WrongStore {
        /// The parameter's name.
        parameter: &'static str,
        /// The store id in the handle.
        handle: u64,
        /// The id of the store that was called.
        store: u64,
    },
    /// The store belongs to another thread, or to none.
    WrongThread {
        /// The owner's token, 0 for a detached store.
        owner: u64,
        /// The calling thread's token, 0 for one that never owned a store.
        caller: u64,
    },
    /// The store is inside something that does not allow this call.
    Busy {
        /// What the store is doing.
        during: &'static str,
    },
    /// The handle's scope was exited, or the handle was unrooted or freed.
    Unrooted {
        /// The parameter's name.
        parameter: &'static str,
        /// What the handle's bits would name.
        kind: &'static str,
        /// The handle's slot.
        slot: u32,
        /// The handle's generation.
        generation: u32,
    },
    /// A null reference where an object is needed.
    NullReference {
        /// The parameter's name.
        parameter: &'static str,
    },
    /// The object, or its tag, is not of the needed type.
    TypeMismatch {
        /// What was needed.
        needed: &'static str,
        /// What was found.
        found: &'static str,
    },
    /// A value is not of the type that its field or element needs.
    WrongValue {
        /// The index of the field or element.
        index: u64,
        /// What was needed.
        needed: &'static str,
        /// What was found.
        found: &'static str,
    },
    /// Null for a field or element that is never null.
    NullValue {
        /// The index of the field or element.
        index: u64,
    },
    /// Not as many values as the type has fields.
    WrongCount {
        /// How many were passed.
        count: u64,
        /// How many are needed.
        needed: u64,
    },
    /// Not as many arguments or results as the function has.
    WrongArity {
        /// The parameter's name.
        parameter: &'static str,
        /// How many were passed.
        count: u64,
        /// How many are needed.
        needed: u64,
    },
    /// An argument or a result of a call is refused.
    InCall {
        /// Which of both it is.
        what: &'static str,
        /// Its index.
        index: u64,
        /// Why.
        why: ValueError,
    },
    /// An exception is pending.
    Exception {
        /// Whether the function that was called threw it, or left it pending; else
        /// nothing was called.
        thrown: bool,
    },
    /// A function of C's answered a status other than success.
    Returned {
        /// The status's number.
        status: u32,
    },
    /// The object is of another type than the needed one.
    NotOfType {
        /// The index of the field or element, if it is a value for one.
        value: Option<u64>,
        /// The index of the needed type.
        needed: u32,
        /// What was found.
        found: &'static str,
        /// The index of its type, if it has one.
        found_type: Option<u32>,
    },
    /// What cannot be set.
    Immutable {
        /// The index of the field or element.
        index: u64,
        /// The index of the object's type.
        type_index: u32,
    },
    /// A global that cannot be set.
    ImmutableGlobal {
        /// Its slot.
        index: u32,
    },
    /// There is no such field.
    OutOfBounds {
        /// What there is not.
        what: &'static str,
        /// Its index.
        index: u64,
        /// How many there are.
        length: u64,
    },
    /// The scope or span is not the innermost one, or is not open.
    ScopeOrder {
        /// The serial number of the scope that was passed.
        scope: u64,
        /// The serial number of the innermost open scope, 0 when it is the
        /// store itself or a callback's own.
        innermost: u64,
    },
    /// The current scope has no no-GC span to close.
    NoOpenSpan {
        /// The serial number of the innermost open scope.
        innermost: u64,
    },
    /// A no-GC span is open, and the operation needs a collection.
    NoGc {
        /// How many spans are open.
        spans: u32,
    },
    /// The heap's limit is reached, and a collection could not help.
    HeapLimit {
        /// Bytes that were asked for.
        requested: u64,
        /// The heap's limit in bytes.
        limit: u64,
    },
    /// The growth callback refused to let the heap grow.
    GrowthRefused {
        /// Bytes that the heap would have had committed.
        wanted: u64,
    },
    /// The system refused memory.
    SystemMemory {
        /// Bytes that were asked for.
        requested: u64,
    },
    /// One of the library's own limits.
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How many there may be.
        limit: u64,
    },
    /// A bug in gcroots, or a heap that something overwrote. The store is
    /// poisoned.
    Internal {
        /// What was found.
        what: &'static str,
        /// The value that was found.
        value: u64,
    },
}

/// Why an argument or a result of a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueError {
    /// It says that it is of a kind that there is not.
    Kind {
        /// That kind's number.
        kind: u32,
    },
    /// Its handle belongs to another store, or to one since deleted.
    WrongStore {
        /// The store id in the handle.
        handle: u64,
        /// The id of the store that was called.
        store: u64,
    },
    /// Its handle's scope was exited, or the handle was unrooted.
    Unrooted {
        /// The handle's slot.
        slot: u32,
        /// The handle's generation.
        generation: u32,
    },
    /// A null reference where an object is needed.
    Null,
    /// It is not of the type that is needed.
    Type {
        /// What was needed.
        needed: &'static str,
        /// What was found.
        found: &'static str,
    },
    /// It is an object of another type than the needed one.
    NotOfType {
        /// The index of the needed type.
        needed: u32,
        /// What was found.
        found: &'static str,
        /// The index of its type, if it has one.
        found_type: Option<u32>,
    },
}

impl Error {
    /// This error of a value, as that of the argument or result at `index`.
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
            } => write!(f, "`{parameter}` is {value}; allowed: {allowed}"),
            Error::InvalidType {
                index,
                what,
                other: Some(other),
            } => write!(f, "type {index} {what}: {other}"),
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
                "`{parameter}` belongs to store {handle:#x}, the call is on store {store:#x}"
            ),
            Error::WrongThread { owner: 0, caller } => write!(
                f,
                "the store is detached: attach it first (calling thread {caller:#x})"
            ),
            Error::WrongThread { owner, caller: 0 } => write!(
                f,
                "the store belongs to thread {owner:#x}, the call is from one that never owned a store"
            ),
            Error::WrongThread { owner, caller } => write!(
                f,
                "the store belongs to thread {owner:#x}, the call is from thread {caller:#x}"
            ),
            Error::Busy { during } => write!(f, "not allowed {during}"),
            Error::Unrooted {
                parameter,
                kind,
                slot,
                generation,
            } => write!(
                f,
                "`{parameter}`: no live {kind} in slot {slot} of generation {generation}"
            ),
            Error::NullReference { parameter } => {
                write!(f, "`{parameter}` is a null reference; an object is needed")
            }
            Error::OutOfBounds {
                what,
                index,
                length,
            } => write!(f, "there is no {what} {index}, only {length} of them"),
            Error::TypeMismatch { needed, found } => write!(f, "needed {needed}, found {found}"),
            Error::WrongValue {
                index,
                needed,
                found,
            } => write!(f, "value {index}: needed {needed}, found {found}"),
            Error::NullValue { index } => {
                write!(f, "value {index} is a null reference; an object is needed")
            }
            Error::WrongCount { count, needed } => {
                write!(f, "`count` is {count}; the type has {needed} fields")
            }
            Error::WrongArity {
                parameter,
                count,
                needed,
            } => write!(f, "`{parameter}` is {count}; the function has {needed}"),
            Error::InCall { what, index, why } => write!(f, "{what} {index}: {why}"),
            Error::Returned { status } => write!(f, "the function answered status {status}"),
            Error::Exception { thrown: true } => {
                write!(f, "the function threw an exception, which is pending")
            }
            Error::Exception { thrown: false } => write!(
                f,
                "an exception is pending; nothing is called before it is taken"
            ),
            Error::NotOfType {
                value,
                needed,
                found,
                found_type,
            } => {
                if let Some(index) = value {
                    write!(f, "value {index}: ")?;
                }
                write!(f, "needed type {needed}, found {found}")?;
                match found_type {
                    Some(found_type) => write!(f, " of type {found_type}"),
                    None => Ok(()),
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
            } => write!(f, "scope {scope} is not open here; none is"),
            Error::ScopeOrder { scope, innermost } => write!(
                f,
                "scope {scope} is not open, or not the innermost, which is {innermost}"
            ),
            Error::NoOpenSpan { innermost: 0 } => {
                write!(f, "no no-GC span was opened here, outside all scopes")
            }
            Error::NoOpenSpan { innermost } => write!(
                f,
                "no no-GC span was opened in scope {innermost}, the innermost one"
            ),
            Error::NoGc { spans } => write!(
                f,
                "a collection is needed, but {spans} no-GC span(s) are open"
            ),
            Error::HeapLimit { requested, limit } => write!(
                f,
                "{requested} bytes do not fit into the heap, whose limit is {limit} bytes"
            ),
            Error::GrowthRefused { wanted } => write!(
                f,
                "the growth callback refused to let the heap commit {wanted} bytes"
            ),
            Error::SystemMemory { requested } => {
                write!(f, "the system refused {requested} bytes of memory")
            }
            Error::Limit { what, limit } => write!(f, "more than {limit} {what}"),
            Error::Internal { what, value } => write!(
                f,
                "a bug in gcroots or an overwritten heap: {what} ({value:#x}); the store is poisoned"
            ),
        }
    }
}

impl core::error::Error for Error {}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            ValueError::Kind { kind } => {
                write!(f, "`kind` is {kind}; allowed: 2 (i32) to 7 (reference)")
            }
            ValueError::WrongStore { handle, store } => write!(
                f,
                "belongs to store {handle:#x}, the call is on store {store:#x}"
            ),
            ValueError::Unrooted { slot, generation } => {
                write!(f, "no live root in slot {slot} of generation {generation}")
            }
            ValueError::Null => write!(f, "a null reference; an object is needed"),
            ValueError::Type { needed, found } => write!(f, "needed {needed}, found {found}"),
            ValueError::NotOfType {
                needed,
                found,
                found_type,
            } => {
                write!(f, "needed type {needed}, found {found}")?;
                match found_type {
                    Some(found_type) => write!(f, " of type {found_type}"),
                    None => Ok(()),
                }
            }
        }
    }
}
