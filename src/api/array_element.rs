//! Numbers that can be array elements.

pub(super) mod sealed {
    use crate::heap::PlainBits;
    use crate::types::Storage;

    /// The sealed part of [`ArrayElement`](super::ArrayElement). Only this crate
    /// implements it.
    pub trait Stored: PlainBits {
        /// The storage of the array elements.
        const STORAGE: Storage;
    }
}

use sealed::Stored;

use crate::types::Storage;

/// A number that is stored unchanged in an array. [`ArrayRef::read`](crate::ArrayRef::read)
/// and [`ArrayRef::write`](crate::ArrayRef::write) copy many such elements at once. Sealed.
///
/// The integer types of arrays have no sign: an array of `i32` accepts both `u32` and
/// `i32`. The same is true of `i8`, `i16` and `i64`.
///
/// ```
/// use gcroots::{ArrayElement, ArrayRef, ArrayType, Engine, Error, FieldType, Mutability};
/// use gcroots::{Store, ValType};
///
/// let engine = Engine::default();
/// let floats = ArrayType::new(&engine, FieldType::new(Mutability::Var, ValType::F32))?;
/// let mut store = Store::new(&engine, ())?;
/// let floats = ArrayRef::new_default(&mut store, &floats, 3)?;
/// floats.write(&mut store, 1, &[0.5f32, 1.5])?;
/// let mut read = [0f32; 3];
/// floats.read(&store, 0, &mut read)?;
/// assert_eq!(read, [0.0, 0.5, 1.5]);
///
/// let error = floats.read(&store, 0, &mut [0u32; 3]).unwrap_err();
/// assert!(matches!(error.downcast_ref(), Some(Error::TypeMismatch { .. })));
/// # anyhow::Ok(())
/// ```
pub trait ArrayElement: Stored {}

impl ArrayElement for u8 {}

impl Stored for u8 {
    const STORAGE: Storage = Storage::I8;
}

impl ArrayElement for i8 {}

impl Stored for i8 {
    const STORAGE: Storage = Storage::I8;
}

impl ArrayElement for u16 {}

impl Stored for u16 {
    const STORAGE: Storage = Storage::I16;
}

impl ArrayElement for i16 {}

impl Stored for i16 {
    const STORAGE: Storage = Storage::I16;
}

impl ArrayElement for u32 {}

impl Stored for u32 {
    const STORAGE: Storage = Storage::I32;
}

impl ArrayElement for i32 {}

impl Stored for i32 {
    const STORAGE: Storage = Storage::I32;
}

impl ArrayElement for u64 {}

impl Stored for u64 {
    const STORAGE: Storage = Storage::I64;
}

impl ArrayElement for i64 {}

impl Stored for i64 {
    const STORAGE: Storage = Storage::I64;
}

impl ArrayElement for f32 {}

impl Stored for f32 {
    const STORAGE: Storage = Storage::F32;
}

impl ArrayElement for f64 {}

impl Stored for f64 {
    const STORAGE: Storage = Storage::F64;
}

impl ArrayElement for u128 {}

impl Stored for u128 {
    const STORAGE: Storage = Storage::V128;
}
