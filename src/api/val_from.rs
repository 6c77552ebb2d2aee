//! Conversions of Rust values and of roots into [`Val`]s.

use super::{AnyRef, ArrayRef, EqRef, ExnRef, ExternRef, Func, Rooted, StructRef, Val};

impl From<i32> for Val {
    #[inline]
    fn from(value: i32) -> Val {
        Val::I32(value)
    }
}

impl From<i64> for Val {
    #[inline]
    fn from(value: i64) -> Val {
        Val::I64(value)
    }
}

impl From<f32> for Val {
    #[inline]
    fn from(value: f32) -> Val {
        Val::F32(value.to_bits())
    }
}

impl From<f64> for Val {
    #[inline]
    fn from(value: f64) -> Val {
        Val::F64(value.to_bits())
    }
}

impl From<u128> for Val {
    #[inline]
    fn from(bits: u128) -> Val {
        Val::V128(bits)
    }
}

impl From<Rooted<ExternRef>> for Val {
    #[inline]
    fn from(reference: Rooted<ExternRef>) -> Val {
        Val::ExternRef(Some(reference))
    }
}

impl From<Option<Rooted<ExternRef>>> for Val {
    #[inline]
    fn from(reference: Option<Rooted<ExternRef>>) -> Val {
        Val::ExternRef(reference)
    }
}

impl From<Rooted<AnyRef>> for Val {
    #[inline]
    fn from(reference: Rooted<AnyRef>) -> Val {
        Val::AnyRef(Some(reference))
    }
}

impl From<Option<Rooted<AnyRef>>> for Val {
    #[inline]
    fn from(reference: Option<Rooted<AnyRef>>) -> Val {
        Val::AnyRef(reference)
    }
}

impl From<Rooted<ExnRef>> for Val {
    #[inline]
    fn from(reference: Rooted<ExnRef>) -> Val {
        Val::ExnRef(Some(reference))
    }
}

impl From<Option<Rooted<ExnRef>>> for Val {
    #[inline]
    fn from(reference: Option<Rooted<ExnRef>>) -> Val {
        Val::ExnRef(reference)
    }
}

impl From<Rooted<Func>> for Val {
    #[inline]
    fn from(reference: Rooted<Func>) -> Val {
        Val::FuncRef(Some(reference))
    }
}

impl From<Option<Rooted<Func>>> for Val {
    #[inline]
    fn from(reference: Option<Rooted<Func>>) -> Val {
        Val::FuncRef(reference)
    }
}

impl From<Rooted<EqRef>> for Val {
    #[inline]
    fn from(reference: Rooted<EqRef>) -> Val {
        reference.to_anyref().into()
    }
}

impl From<Option<Rooted<EqRef>>> for Val {
    #[inline]
    fn from(reference: Option<Rooted<EqRef>>) -> Val {
        reference.map(Rooted::<EqRef>::to_anyref).into()
    }
}

impl From<Rooted<StructRef>> for Val {
    #[inline]
    fn from(reference: Rooted<StructRef>) -> Val {
        reference.to_anyref().into()
    }
}

impl From<Option<Rooted<StructRef>>> for Val {
    #[inline]
    fn from(reference: Option<Rooted<StructRef>>) -> Val {
        reference.map(Rooted::<StructRef>::to_anyref).into()
    }
}

impl From<Rooted<ArrayRef>> for Val {
    #[inline]
    fn from(reference: Rooted<ArrayRef>) -> Val {
        reference.to_anyref().into()
    }
}

impl From<Option<Rooted<ArrayRef>>> for Val {
    #[inline]
    fn from(reference: Option<Rooted<ArrayRef>>) -> Val {
        reference.map(Rooted::<ArrayRef>::to_anyref).into()
    }
}
