//! 31-bit integers.

/// A 31-bit integer. A reference can hold it without an object: see
/// [`AnyRef::from_i31`](crate::AnyRef::from_i31).
///
/// ```
/// use gcroots::I31;
///
/// let minus_one = I31::new_i32(-1).unwrap();
/// assert_eq!(minus_one.get_i32(), -1);
/// assert_eq!(minus_one.get_u32(), 0x7fff_ffff);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct I31(u32);

/// The number of 31-bit values.
const VALUES: u32 = 1 << 31;

impl I31 {
    /// Converts an unsigned integer. `None` if it is above 2³¹ - 1.
    ///
    /// ```
    /// use gcroots::I31;
    ///
    /// assert!(I31::new_u32((1 << 31) - 1).is_some());
    /// assert!(I31::new_u32(1 << 31).is_none());
    /// ```
    pub fn new_u32(value: u32) -> Option<I31> {
        (value < VALUES).then_some(I31(value))
    }

    /// Converts a signed integer. `None` if it is outside -2³⁰ to 2³⁰ - 1.
    ///
    /// ```
    /// use gcroots::I31;
    ///
    /// assert!(I31::new_i32(-(1 << 30)).is_some());
    /// assert!(I31::new_i32(1 << 30).is_none());
    /// ```
    pub fn new_i32(value: i32) -> Option<I31> {
        let wrapped = I31::wrapping_i32(value);
        (wrapped.get_i32() == value).then_some(wrapped)
    }

    /// The low 31 bits of an integer.
    ///
    /// ```
    /// use gcroots::I31;
    ///
    /// assert_eq!(I31::wrapping_u32(1 << 31 | 5).get_u32(), 5);
    /// ```
    pub fn wrapping_u32(value: u32) -> I31 {
        I31(value % VALUES)
    }

    /// The low 31 bits of an integer.
    ///
    /// ```
    /// use gcroots::I31;
    ///
    /// assert_eq!(I31::wrapping_i32(1 << 30).get_i32(), -(1 << 30));
    /// ```
    pub fn wrapping_i32(value: i32) -> I31 {
        I31::wrapping_u32(value as u32)
    }

    /// The integer, zero-extended to 32 bits.
    pub fn get_u32(&self) -> u32 {
        self.0
    }

    /// The integer, sign-extended to 32 bits.
    pub fn get_i32(&self) -> i32 {
        (self.0 << 1) as i32 >> 1
    }
}
