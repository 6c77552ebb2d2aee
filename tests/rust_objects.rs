//! Structs, arrays, `i31`s, exceptions and their types in the Rust API, on each
//! collector.

mod collectors;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hasher};
use std::thread;

use gcroots::{
    AnyRef, ArrayElement, ArrayRef, ArrayType, Config, Engine, EqRef, Error, ExnRef, ExternRef,
    FieldType, Finality, FuncType, HeapType, I31, ManuallyRooted, Member, Mutability, RecGroup,
    RefType, RootScope, Rooted, StorageType, Store, StructRef, StructType, Supertype, Tag, Val,
    ValType,
};

/// A store and types of its engine.
struct Fixture {
    store: Store<()>,
    engine: Engine,
    /// A struct with a nullable `anyref`.
    cell: StructType,
    /// A struct with a constant `i64`.
    constant: StructType,
    /// An array of `i32`.
    numbers: ArrayType,
    /// An array of nullable `anyref`.
    table: ArrayType,
}

fn var(of: impl Into<StorageType>) -> FieldType {
    FieldType::new(Mutability::Var, of)
}

fn constant(of: impl Into<StorageType>) -> FieldType {
    FieldType::new(Mutability::Const, of)
}

fn fixture(engine: &Engine) -> Fixture {
    Fixture {
        store: Store::new(engine, ()).unwrap(),
        engine: engine.clone(),
        cell: StructType::new(engine, [var(RefType::ANYREF)]).unwrap(),
        constant: StructType::new(engine, [constant(ValType::I64)]).unwrap(),
        numbers: ArrayType::new(engine, var(ValType::I32)).unwrap(),
        table: ArrayType::new(engine, var(RefType::ANYREF)).unwrap(),
    }
}

impl Fixture {
    fn cell(&mut self, value: Val) -> Rooted<StructRef> {
        StructRef::new(&mut self.store, &self.cell, &[value]).unwrap()
    }

    fn numbers(&mut self, values: &[i32]) -> Rooted<ArrayRef> {
        let length = values.len() as u32;
        let made = ArrayRef::new_default(&mut self.store, &self.numbers, length).unwrap();
        made.write(&mut self.store, 0, values).unwrap();
        made
    }

    fn i31(&mut self, value: u32) -> Rooted<AnyRef> {
        AnyRef::from_i31(&mut self.store, I31::wrapping_u32(value)).unwrap()
    }

    fn read(&self, array: &ArrayRef) -> Vec<i32> {
        let mut values = vec![0; array.len(&self.store).unwrap() as usize];
        array.read(&self.store, 0, &mut values).unwrap();
        values
    }

    fn tag(&mut self, params: impl IntoIterator<Item = ValType>) -> Tag {
        let of = FuncType::new(&self.engine, params, []).unwrap();
        Tag::new(&mut self.store, &of).unwrap()
    }
}

fn on_each_collector(test: impl Fn(Fixture)) {
    for (name, config, _) in collectors::variants() {
        println!("on {name}");
        test(fixture(&Engine::new(&config).unwrap()));
    }
}

#[track_caller]
fn error<T>(result: anyhow::Result<T>) -> Error {
    match result {
        Ok(_) => panic!("no error"),
        Err(error) => *error.downcast_ref().expect("an error of the library"),
    }
}

/// Asserts that a result is one of these errors.
macro_rules! refused {
    ($result:expr, $($error:pat_param)|+) => {{
        let error = error($result);
        assert!(matches!(error, $($error)|+), "{error}");
    }};
}

// Types.

#[test]
fn equal_declarations_are_one_type_on_all_threads() {
    let engine = Engine::default();
    let register = |engine: &Engine| {
        let itself = RefType::new(true, HeapType::Member(Member(0)));
        let mut group = RecGroup::new();
        let field = FieldType::new(Mutability::Var, itself);
        group.add_struct(Finality::Final, None, [field]).unwrap();
        RecGroup::register(engine, &[&group]).unwrap()
    };
    let here = register(&engine);
    let there = thread::spawn({
        let engine = engine.clone();
        move || register(&engine)
    });
    assert_eq!(here, there.join().unwrap());
    assert_ne!(here, register(&Engine::default()));
    let types: HashSet<_> = here.iter().cloned().chain(register(&engine)).collect();
    assert_eq!(types.len(), 1);
}

#[test]
fn groups_of_a_collection_refer_to_each_other() {
    let engine = Engine::default();
    let registered = StructType::new(&engine, [var(ValType::I32)]).unwrap();
    let to = |index| RefType::new(false, HeapType::Member(Member(index)));
    let (mut first, mut second) = (RecGroup::new(), RecGroup::new());
    let fields = [
        FieldType::new(Mutability::Var, to(1)),
        FieldType::new(Mutability::Const, StorageType::I16),
    ];
    assert_eq!(
        first
            .add_struct(Finality::NonFinal, None, fields.clone())
            .unwrap(),
        0
    );
    let element = FieldType::new(Mutability::Var, to(0));
    assert_eq!(first.add_array(Finality::Final, None, element).unwrap(), 1);
    let above = Some(Supertype::Member(Member(0)));
    assert_eq!(
        second.add_struct(Finality::Final, above, fields).unwrap(),
        0
    );
    let outside = RefType::new(true, HeapType::ConcreteStruct(registered.clone()));
    second
        .add_func(Finality::Final, None, [to(2).into()], [outside.into()])
        .unwrap();

    let types = RecGroup::register(&engine, &[&first, &second]).unwrap();
    let [a, b, c, d] = &types[..] else {
        panic!("{types:?}")
    };
    let to = |of: &HeapType| StorageType::from(RefType::new(false, of.clone()));
    assert_eq!(a.unwrap_concrete_struct().field(0), Some(var(to(b))));
    assert_eq!(b.unwrap_concrete_array().field_type(), var(to(a)));
    let below = c.unwrap_concrete_struct();
    assert_eq!(below.supertype().as_ref(), Some(a.unwrap_concrete_struct()));
    assert_eq!(below.fields().len(), 2);
    assert!(c.matches(a) && !a.matches(c) && !b.matches(a));
    let func = d.unwrap_concrete_func();
    assert_eq!(func.param(0), Some(RefType::new(false, c.clone()).into()));
    let result = RefType::new(true, HeapType::ConcreteStruct(registered));
    assert_eq!(func.results().collect::<Vec<_>>(), [result.into()]);
    assert_eq!((func.param(1), func.result(1)), (None, None));
}

#[test]
fn a_type_tells_what_it_was_declared_with() {
    let engine = Engine::default();
    let empty = StructType::new(&engine, []).unwrap();
    let numbers = ArrayType::new(&engine, var(ValType::I32)).unwrap();
    let nothing = FuncType::new(&engine, [], []).unwrap();
    let heap_types = [
        HeapType::Extern,
        HeapType::NoExtern,
        HeapType::Func,
        HeapType::ConcreteFunc(nothing),
        HeapType::NoFunc,
        HeapType::Any,
        HeapType::Eq,
        HeapType::I31,
        HeapType::Array,
        HeapType::ConcreteArray(numbers),
        HeapType::Struct,
        HeapType::ConcreteStruct(empty),
        HeapType::Exn,
        HeapType::NoExn,
        HeapType::None,
    ];
    let mut fields = vec![
        var(StorageType::I8),
        constant(StorageType::I16),
        var(ValType::I32),
        constant(ValType::I64),
        var(ValType::F32),
        constant(ValType::F64),
        var(ValType::V128),
    ];
    for heap_type in heap_types {
        fields.push(var(RefType::new(true, heap_type.clone())));
        fields.push(constant(RefType::new(false, heap_type)));
    }
    let declared = StructType::new(&engine, fields.clone()).unwrap();
    drop(engine);
    assert_eq!(declared.fields().collect::<Vec<_>>(), fields);
    assert_eq!(declared.field(fields.len()), None);
    assert_eq!(
        (declared.finality(), declared.supertype()),
        (Finality::Final, None)
    );
}

#[test]
fn a_wrong_declaration_is_refused() {
    let engine = Engine::default();
    let closed = StructType::new(&engine, []).unwrap();
    let below = |above: &StructType, fields: &[FieldType]| {
        let fields = fields.iter().cloned();
        let closed = Finality::Final;
        StructType::with_finality_and_supertype(&engine, closed, Some(above), fields)
    };
    refused!(below(&closed, &[]), Error::InvalidType { .. });
    let open = Finality::NonFinal;
    let field = var(ValType::I32);
    let open = StructType::with_finality_and_supertype(&engine, open, None, [field]).unwrap();
    refused!(below(&open, &[]), Error::InvalidType { .. });
    refused!(
        below(&open, &[var(ValType::I64)]),
        Error::InvalidType { .. }
    );
    below(&open, &[var(ValType::I32), var(ValType::I64)]).unwrap();

    // A supertype of another kind, one after the member, and one out of range.
    for wrong in [Member(0), Member(1), Member(2), Member(u32::MAX)] {
        let mut group = RecGroup::new();
        group.add_func(Finality::NonFinal, None, [], []).unwrap();
        let above = Some(Supertype::Member(wrong));
        group.add_struct(Finality::NonFinal, above, []).unwrap();
        group.add_struct(Finality::NonFinal, None, []).unwrap();
        let refused = RecGroup::register(&engine, &[&group]);
        refused!(refused, Error::InvalidType { index: 1, .. });
    }
    let mut deep = open;
    let deeper = |above: &StructType| {
        let fields = [var(ValType::I32)];
        StructType::with_finality_and_supertype(&engine, Finality::NonFinal, Some(above), fields)
    };
    for _ in 0..63 {
        deep = deeper(&deep).unwrap();
    }
    refused!(deeper(&deep), Error::Limit { .. });
}

#[test]
fn a_member_too_large_leaves_its_group_as_it_was() {
    let engine = Engine::default();
    let outside = StructType::new(&engine, []).unwrap();
    let outside = RefType::new(true, HeapType::ConcreteStruct(outside));
    let field = FieldType::new(Mutability::Var, outside.clone());
    let mut group = RecGroup::new();
    let endless = std::iter::repeat(field.clone());
    refused!(
        group.add_struct(Finality::Final, None, endless),
        Error::Limit { .. }
    );
    let endless = || std::iter::repeat(ValType::from(outside.clone()));
    refused!(
        group.add_func(Finality::Final, None, endless(), []),
        Error::Limit { .. }
    );
    refused!(
        group.add_func(Finality::Final, None, [], endless()),
        Error::Limit { .. }
    );
    assert!(group.is_empty());

    let most = || std::iter::repeat_n(field.clone(), 10_000);
    assert_eq!(group.add_struct(Finality::Final, None, most()).unwrap(), 0);
    assert_eq!(group.len(), 1);
    let types = RecGroup::register(&engine, &[&group]).unwrap();
    assert_eq!(types[0].unwrap_concrete_struct().fields().len(), 10_000);
}

#[test]
fn types_of_two_engines_do_not_mix() {
    on_each_collector(|mut at| {
        let other = fixture(&Engine::default());
        assert_ne!(at.cell, other.cell);
        assert!(!at.cell.matches(&other.cell) && !at.numbers.matches(&other.numbers));
        let concrete = HeapType::ConcreteStruct(other.cell.clone());
        assert!(!HeapType::ConcreteStruct(at.cell.clone()).matches(&concrete));

        // Foreign types in declarations.
        let to_other = RefType::new(true, concrete.clone());
        let foreign = StructType::new(&at.engine, [var(to_other.clone())]);
        refused!(foreign, Error::ForeignType { index: 0 });
        refused!(
            ArrayType::new(&at.engine, var(to_other.clone())),
            Error::ForeignType { index: 0 }
        );
        refused!(
            FuncType::new(&at.engine, [to_other.into()], []),
            Error::ForeignType { index: 0 }
        );
        let mut group = RecGroup::new();
        group.add_struct(Finality::Final, None, []).unwrap();
        let above = Some(Supertype::Registered(other.cell.clone()));
        group.add_struct(Finality::Final, above, []).unwrap();
        let registered = RecGroup::register(&at.engine, &[&group]);
        refused!(registered, Error::ForeignType { index: 1 });

        // Foreign types in a store.
        let cell = at.cell(Val::AnyRef(None));
        let table = ArrayRef::new_default(&mut at.store, &at.table, 1).unwrap();
        let store = &mut at.store;
        let null = Val::AnyRef(None);
        let wrong = |result| refused!(result, Error::WrongEngine { .. });
        wrong(StructRef::new(&mut *store, &other.cell, &[null]).map(drop));
        wrong(StructRef::new_default(&mut *store, &other.cell).map(drop));
        wrong(ArrayRef::new(&mut *store, &other.table, &null, 1).map(drop));
        wrong(ArrayRef::new_default(&mut *store, &other.table, 1).map(drop));
        wrong(ArrayRef::new_fixed(&mut *store, &other.table, &[null]).map(drop));
        wrong(cell.matches_ty(&*store, &other.cell).map(drop));
        wrong(table.matches_ty(&*store, &other.table).map(drop));
        wrong(cell.to_anyref().matches_ty(&*store, &concrete).map(drop));
        wrong(cell.to_eqref().matches_ty(&*store, &concrete).map(drop));
        let nothing = FuncType::new(&other.engine, [], []).unwrap();
        wrong(Tag::new(&mut *store, &nothing).map(drop));
        assert_eq!(store.stats().objects, 2);
        store.verify().unwrap();
    });
}

// Structs.

#[test]
fn fields_of_all_kinds_keep_their_values_wherever_the_struct_moves() {
    on_each_collector(|mut at| {
        let fields = [
            ValType::I32,
            ValType::I64,
            ValType::F32,
            ValType::F64,
            ValType::V128,
            RefType::EXTERNREF.into(),
            RefType::I31REF.into(),
            RefType::EXNREF.into(),
        ];
        let of = StructType::new(&at.engine, fields.map(var)).unwrap();
        let host = ExternRef::new(&mut at.store, "text").unwrap();
        let five = at.i31(5);
        let tag = at.tag([]);
        let thrown = ExnRef::new(&mut at.store, &tag, &[]).unwrap();
        let values = [
            Val::I32(-1),
            Val::I64(i64::MIN),
            Val::from(f32::MAX),
            Val::from(-0.0),
            Val::V128(u128::MAX - 1),
            host.into(),
            five.into(),
            thrown.into(),
        ];
        let made = StructRef::new(&mut at.store, &of, &values).unwrap();
        let set = StructRef::new_default(&mut at.store, &of).unwrap();
        for (index, value) in values.into_iter().enumerate() {
            set.set_field(&mut at.store, index, value).unwrap();
        }
        for object in [made, set] {
            at.store.gc().unwrap();
            let read: Vec<_> = object.fields(&mut at.store).unwrap().collect();
            assert_eq!(read.len(), 8);
            assert_eq!((read[0].unwrap_i32(), read[1].unwrap_i64()), (-1, i64::MIN));
            assert_eq!(read[2].unwrap_f32(), f32::MAX);
            assert!(read[3].unwrap_f64().is_sign_negative());
            assert_eq!(read[4].unwrap_v128(), u128::MAX - 1);
            let read_host = read[5].unwrap_externref().unwrap();
            assert!(Rooted::ref_eq(&at.store, &read_host, &host).unwrap());
            let integer = read[6].unwrap_anyref().unwrap().as_i31(&at.store);
            assert_eq!(integer.unwrap(), I31::new_u32(5));
            let read_exn = read[7].unwrap_exnref().unwrap();
            assert_eq!(read_exn.tag(&at.store).unwrap(), tag);
            assert_eq!(object.ty(&at.store).unwrap(), of);
        }
        at.store.verify().unwrap();
    });
}

#[test]
fn a_struct_of_defaults_has_zeros_and_nulls_of_its_types() {
    on_each_collector(|mut at| {
        let func = FuncType::new(&at.engine, [], []).unwrap();
        let null = |heap_type| var(RefType::new(true, heap_type));
        let fields = [
            var(StorageType::I8),
            var(ValType::V128),
            null(HeapType::Extern),
            null(HeapType::NoExtern),
            null(HeapType::ConcreteStruct(at.cell.clone())),
            null(HeapType::None),
            null(HeapType::Exn),
            null(HeapType::Func),
            null(HeapType::ConcreteFunc(func)),
        ];
        let of = StructType::new(&at.engine, fields).unwrap();
        let made = StructRef::new_default(&mut at.store, &of).unwrap();
        let before = at.store.stats().scoped_roots;
        let read: Vec<_> = made.fields(&mut at.store).unwrap().collect();
        assert!(
            matches!(
                read[..],
                [
                    Val::I32(0),
                    Val::V128(0),
                    Val::ExternRef(None),
                    Val::ExternRef(None),
                    Val::AnyRef(None),
                    Val::AnyRef(None),
                    Val::ExnRef(None),
                    Val::FuncRef(None),
                    Val::FuncRef(None),
                ]
            ),
            "{read:?}"
        );
        assert_eq!(at.store.stats().scoped_roots, before);
        // Values that were read can be set.
        for (index, value) in read.into_iter().enumerate() {
            made.set_field(&mut at.store, index, value).unwrap();
        }
        let never_null = RefType::new(false, HeapType::Any);
        let never_null = StructType::new(&at.engine, [var(never_null)]).unwrap();
        let refused = StructRef::new_default(&mut at.store, &never_null);
        refused!(refused, Error::TypeMismatch { .. });
    });
}

#[test]
fn a_packed_field_keeps_the_lower_bits() {
    on_each_collector(|mut at| {
        let fields = [var(StorageType::I8), var(StorageType::I16)];
        let of = StructType::new(&at.engine, fields).unwrap();
        let values = [Val::I32(0x1234_56f8), Val::I32(-1)];
        let made = StructRef::new(&mut at.store, &of, &values).unwrap();
        let read = made.fields(&mut at.store).unwrap();
        assert_eq!(
            read.map(|value| value.unwrap_i32()).collect::<Vec<_>>(),
            [0xf8, 0xffff]
        );
    });
}

#[test]
fn a_field_refuses_what_it_does_not_take_and_keeps_its_value() {
    on_each_collector(|mut at| {
        let narrow = RefType::new(false, HeapType::ConcreteStruct(at.cell.clone()));
        let fields = [var(ValType::I32), constant(ValType::I32), var(narrow)];
        let of = StructType::new(&at.engine, fields).unwrap();
        let five = at.i31(5);
        let cell = at.cell(five.into());
        let constant = StructRef::new_default(&mut at.store, &at.constant).unwrap();
        let values = [Val::I32(1), Val::I32(2), cell.into()];
        let made = StructRef::new(&mut at.store, &of, &values).unwrap();

        let mut set = |index, value| made.set_field(&mut at.store, index, value);
        refused!(
            set(3, Val::I32(0)),
            Error::OutOfBounds {
                index: 3,
                length: 3,
                ..
            }
        );
        refused!(set(usize::MAX, Val::I32(0)), Error::OutOfBounds { .. });
        refused!(set(1, Val::I32(0)), Error::Immutable { .. });
        for wrong in [
            Val::I64(0),
            Val::F32(0),
            Val::V128(0),
            five.into(),
            Val::AnyRef(None),
        ] {
            refused!(set(0, wrong), Error::WrongValue { .. });
        }
        refused!(set(2, Val::AnyRef(None)), Error::NullValue { index: 2 });
        refused!(set(2, Val::I32(0)), Error::WrongValue { .. });
        refused!(set(2, five.into()), Error::NotOfType { value: Some(2), .. });
        refused!(
            set(2, constant.into()),
            Error::NotOfType { value: Some(2), .. }
        );
        refused!(made.field(&mut at.store, 3), Error::OutOfBounds { .. });

        let before = at.store.stats().objects;
        for count in [0, 2] {
            let refused = StructRef::new(&mut at.store, &of, &values[..count]);
            refused!(refused, Error::WrongCount { needed: 3, .. });
        }
        let wrong = [Val::I32(1), Val::I32(2), five.into()];
        refused!(
            StructRef::new(&mut at.store, &of, &wrong),
            Error::NotOfType { value: Some(2), .. }
        );
        assert_eq!(at.store.stats().objects, before);

        let read: Vec<_> = made.fields(&mut at.store).unwrap().collect();
        assert_eq!((read[0].unwrap_i32(), read[1].unwrap_i32()), (1, 2));
        let kept = read[2].unwrap_anyref().unwrap();
        assert!(Rooted::ref_eq(&at.store, &kept, &cell.to_anyref()).unwrap());
        at.store.verify().unwrap();
    });
}

#[test]
fn a_list_survives_as_long_as_its_head_has_a_root() {
    on_each_collector(|mut at| {
        let itself = RefType::new(true, HeapType::Member(Member(0)));
        let mut group = RecGroup::new();
        let fields = [
            FieldType::new(Mutability::Const, ValType::I32),
            FieldType::new(Mutability::Var, itself),
        ];
        group.add_struct(Finality::Final, None, fields).unwrap();
        let list = RecGroup::register(&at.engine, &[&group]).unwrap();
        let list = list[0].unwrap_concrete_struct().clone();

        let mut scope = RootScope::new(&mut at.store).unwrap();
        let mut head = Val::AnyRef(None);
        for number in 0..500 {
            let mut inner = RootScope::new(&mut scope).unwrap();
            let made = StructRef::new(&mut inner, &list, &[Val::I32(number), head]).unwrap();
            head = inner.escape(&made).unwrap().into();
        }
        let head = head.unwrap_anyref().unwrap().unwrap_struct(&scope).unwrap();
        let head = head.to_manually_rooted(&mut scope).unwrap();
        drop(scope);
        at.store.gc().unwrap();
        assert_eq!(at.store.stats().objects, 500);

        let mut scope = RootScope::new(&mut at.store).unwrap();
        let mut next = Some(head.to_rooted(&mut scope).unwrap());
        let mut numbers = (0..500).rev();
        while let Some(node) = next {
            let number = node.field(&mut scope, 0).unwrap().unwrap_i32();
            assert_eq!(Some(number), numbers.next());
            let rest = node.field(&mut scope, 1).unwrap().unwrap_anyref();
            next = rest.map(|rest| rest.unwrap_struct(&scope).unwrap());
        }
        assert_eq!(numbers.next(), None);
        drop(scope);
        head.unroot(&mut at.store).unwrap();
        at.store.gc().unwrap();
        at.store.verify().unwrap();
        if at.store.stats().collections > 0 {
            assert_eq!(at.store.stats().objects, 0);
        }
    });
}

// Arrays.

#[test]
fn elements_are_read_set_filled_and_copied() {
    on_each_collector(|mut at| {
        let array = at.numbers(&[0, 1, 2, 3, 4, 5]);
        array.set(&mut at.store, 0, Val::I32(-7)).unwrap();
        array.fill(&mut at.store, 4, Val::I32(9), 2).unwrap();
        at.store.gc().unwrap();
        assert_eq!(at.read(&array), [-7, 1, 2, 3, 9, 9]);
        assert_eq!(array.get(&mut at.store, 3).unwrap().unwrap_i32(), 3);

        // Overlapping ranges in both directions, and an empty range at the end.
        array.copy(&mut at.store, 1, &array, 0, 4).unwrap();
        assert_eq!(at.read(&array), [-7, -7, 1, 2, 3, 9]);
        array.copy(&mut at.store, 0, &array, 2, 4).unwrap();
        assert_eq!(at.read(&array), [1, 2, 3, 9, 3, 9]);
        array.copy(&mut at.store, 6, &array, 6, 0).unwrap();
        array.fill(&mut at.store, 6, Val::I32(0), 0).unwrap();

        let values = array.elems(&mut at.store).unwrap();
        assert_eq!(values.len(), 6);
        assert_eq!(values.map(|value| value.unwrap_i32()).sum::<i32>(), 27);
        assert_eq!(array.ty(&at.store).unwrap(), at.numbers);
        let empty = at.numbers(&[]);
        assert!(empty.is_empty(&at.store).unwrap() && !array.is_empty(&at.store).unwrap());
        assert_eq!(empty.elems(&mut at.store).unwrap().len(), 0);
        at.store.verify().unwrap();
    });
}

#[test]
fn references_in_arrays_follow_their_objects() {
    on_each_collector(|mut at| {
        let mut scope = RootScope::new(&mut at.store).unwrap();
        let mut values = Vec::new();
        for number in 0..100 {
            let five = AnyRef::from_i31(&mut scope, I31::wrapping_u32(number)).unwrap();
            let cell = StructRef::new(&mut scope, &at.cell, &[five.into()]).unwrap();
            values.push(Val::from(cell));
        }
        let table = ArrayRef::new_fixed(&mut scope, &at.table, &values).unwrap();
        let table = scope.escape(&table).unwrap();
        let same = ArrayRef::new(&mut at.store, &at.table, &table.into(), 3).unwrap();
        at.store.gc().unwrap();

        let numbers = |at: &mut Fixture, table: Rooted<ArrayRef>| -> Vec<u32> {
            let cells = table.elems(&mut at.store).unwrap();
            let number = |value: Val| {
                let cell = value.unwrap_anyref()?.unwrap_struct(&at.store).unwrap();
                let number = cell.field(&mut at.store, 0).unwrap().unwrap_anyref()?;
                Some(number.unwrap_i31(&at.store).unwrap().get_u32())
            };
            cells.filter_map(number).collect()
        };
        assert_eq!(numbers(&mut at, table), (0..100).collect::<Vec<_>>());
        table.copy(&mut at.store, 50, &table, 0, 50).unwrap();
        table
            .fill(&mut at.store, 10, Val::AnyRef(None), 40)
            .unwrap();
        at.store.gc().unwrap();
        let left: Vec<_> = (0..10).chain(0..50).collect();
        assert_eq!(numbers(&mut at, table), left);
        for value in same.elems(&mut at.store).unwrap() {
            let array = value
                .unwrap_anyref()
                .unwrap()
                .unwrap_array(&at.store)
                .unwrap();
            assert!(Rooted::ref_eq(&at.store, &array, &table).unwrap());
        }
        at.store.verify().unwrap();
    });
}

#[test]
fn an_array_refuses_what_it_has_not_and_keeps_its_elements() {
    on_each_collector(|mut at| {
        let array = at.numbers(&[1, 2, 3]);
        let fixed = ArrayType::new(&at.engine, constant(ValType::I32)).unwrap();
        let fixed = ArrayRef::new(&mut at.store, &fixed, &Val::I32(4), 3).unwrap();
        let table = ArrayRef::new_default(&mut at.store, &at.table, 3).unwrap();
        let store = &mut at.store;
        let one = Val::I32(1);

        refused!(array.get(&mut *store, 3), Error::OutOfBounds { .. });
        refused!(array.set(&mut *store, 3, one), Error::OutOfBounds { .. });
        refused!(
            array.fill(&mut *store, 2, one, 2),
            Error::OutOfBounds { .. }
        );
        refused!(
            array.fill(&mut *store, 1, one, u32::MAX),
            Error::OutOfBounds { .. }
        );
        refused!(
            array.fill(&mut *store, 4, one, 0),
            Error::OutOfBounds { .. }
        );
        refused!(
            array.copy(&mut *store, 2, &array, 0, 2),
            Error::OutOfBounds { .. }
        );
        refused!(
            array.copy(&mut *store, 0, &fixed, 3, 1),
            Error::OutOfBounds { .. }
        );

        refused!(
            array.set(&mut *store, 0, Val::I64(1)),
            Error::WrongValue { .. }
        );
        refused!(
            array.fill(&mut *store, 0, table.into(), 1),
            Error::WrongValue { .. }
        );
        refused!(
            array.copy(&mut *store, 0, &table, 0, 1),
            Error::TypeMismatch { .. }
        );
        refused!(fixed.set(&mut *store, 0, one), Error::Immutable { .. });
        refused!(fixed.fill(&mut *store, 0, one, 1), Error::Immutable { .. });
        refused!(
            fixed.copy(&mut *store, 0, &array, 0, 1),
            Error::Immutable { .. }
        );
        // The type is checked before the range.
        refused!(
            array.set(&mut *store, 9, Val::I64(1)),
            Error::WrongValue { .. }
        );

        let of = at.numbers.clone();
        let never_null = var(RefType::new(false, HeapType::Any));
        let never_null = ArrayType::new(&at.engine, never_null).unwrap();
        let before = store.stats().objects;
        refused!(
            ArrayRef::new(&mut *store, &of, &Val::F32(0), 1),
            Error::WrongValue { .. }
        );
        let mixed = [one, Val::I64(1)];
        refused!(
            ArrayRef::new_fixed(&mut *store, &of, &mixed),
            Error::WrongValue { .. }
        );
        refused!(
            ArrayRef::new_default(&mut *store, &never_null, 0),
            Error::TypeMismatch { .. }
        );
        let null = Val::AnyRef(None);
        refused!(
            ArrayRef::new(&mut *store, &never_null, &null, 1),
            Error::NullValue { .. }
        );
        assert_eq!(store.stats().objects, before);
        assert_eq!(at.read(&array), [1, 2, 3]);
        assert_eq!(at.read(&fixed), [4, 4, 4]);
        at.store.verify().unwrap();
    });
}

#[test]
fn slices_of_each_number_are_written_and_read() {
    fn round_trip<T>(at: &mut Fixture, of: impl Into<StorageType>, numbers: [T; 3])
    where
        T: ArrayElement + PartialEq + std::fmt::Debug,
    {
        let of = ArrayType::new(&at.engine, var(of)).unwrap();
        let array = ArrayRef::new_default(&mut at.store, &of, 5).unwrap();
        array.write(&mut at.store, 1, &numbers).unwrap();
        at.store.gc().unwrap();
        let mut read = [numbers[2]; 3];
        array.read(&at.store, 1, &mut read).unwrap();
        assert_eq!(read, numbers);
        // The neighbours are unchanged, and nothing can be written after the end.
        array.read(&at.store, 0, &mut read[..1]).unwrap();
        array.read(&at.store, 4, &mut read[1..2]).unwrap();
        assert_eq!(read[0], read[1]);
        assert_ne!(read[0], numbers[0]);
        let mut untouched = numbers;
        refused!(
            array.read(&at.store, 3, &mut untouched),
            Error::OutOfBounds { .. }
        );
        refused!(
            array.write(&mut at.store, 3, &[read[0]; 3]),
            Error::OutOfBounds { .. }
        );
        refused!(
            array.read(&at.store, u32::MAX, &mut untouched),
            Error::OutOfBounds { .. }
        );
        assert_eq!(untouched, numbers);
        array.write(&mut at.store, 5, &[] as &[T]).unwrap();
        array.read(&at.store, 1, &mut read).unwrap();
        assert_eq!(read, numbers);
    }
    on_each_collector(|mut at| {
        round_trip(&mut at, StorageType::I8, [1u8, 2, u8::MAX]);
        round_trip(&mut at, StorageType::I8, [1i8, 2, i8::MIN]);
        round_trip(&mut at, StorageType::I16, [1u16, 2, u16::MAX]);
        round_trip(&mut at, StorageType::I16, [1i16, 2, i16::MIN]);
        round_trip(&mut at, ValType::I32, [1u32, 2, u32::MAX]);
        round_trip(&mut at, ValType::I32, [1i32, 2, i32::MIN]);
        round_trip(&mut at, ValType::I64, [1u64, 2, u64::MAX]);
        round_trip(&mut at, ValType::I64, [1i64, 2, i64::MIN]);
        round_trip(&mut at, ValType::F32, [1f32, 2.5, f32::MIN]);
        round_trip(&mut at, ValType::F64, [1f64, 2.5, f64::MIN]);
        round_trip(&mut at, ValType::V128, [1u128, 2, u128::MAX]);
        at.store.verify().unwrap();
    });
}

#[test]
fn a_slice_of_other_numbers_is_refused() {
    on_each_collector(|mut at| {
        let array = at.numbers(&[1, 2, 3, 4]);
        let table = ArrayRef::new_default(&mut at.store, &at.table, 4).unwrap();
        let fixed = ArrayType::new(&at.engine, constant(ValType::I32)).unwrap();
        let fixed = ArrayRef::new(&mut at.store, &fixed, &Val::I32(4), 4).unwrap();
        let store = &mut at.store;
        refused!(
            array.read(&*store, 0, &mut [0u8; 2]),
            Error::TypeMismatch { .. }
        );
        refused!(
            array.read(&*store, 0, &mut [0i64; 2]),
            Error::TypeMismatch { .. }
        );
        refused!(
            array.read(&*store, 0, &mut [0f32; 2]),
            Error::TypeMismatch { .. }
        );
        refused!(
            array.write(&mut *store, 0, &[0u16; 2]),
            Error::TypeMismatch { .. }
        );
        refused!(
            array.write(&mut *store, 0, &[0f32; 2]),
            Error::TypeMismatch { .. }
        );
        // References cannot be read as numbers, not even of the same size.
        refused!(
            table.read(&*store, 0, &mut [0u32; 2]),
            Error::TypeMismatch { .. }
        );
        refused!(
            table.write(&mut *store, 0, &[1u32; 2]),
            Error::TypeMismatch { .. }
        );
        refused!(
            fixed.write(&mut *store, 0, &[1i32; 2]),
            Error::Immutable { .. }
        );
        refused!(
            fixed.write(&mut *store, 0, &[1u8; 2]),
            Error::Immutable { .. }
        );
        assert_eq!(at.read(&array), [1, 2, 3, 4]);
        assert_eq!(at.read(&fixed), [4, 4, 4, 4]);
        at.store.verify().unwrap();
    });
}

#[test]
fn an_array_is_copied_where_its_elements_fit() {
    on_each_collector(|mut at| {
        let cells = RefType::new(true, HeapType::ConcreteStruct(at.cell.clone()));
        let cells = ArrayType::new(&at.engine, var(cells)).unwrap();
        let cell = at.cell(Val::AnyRef(None));
        let narrow = ArrayRef::new(&mut at.store, &cells, &cell.into(), 2).unwrap();
        let wide = ArrayRef::new_default(&mut at.store, &at.table, 2).unwrap();
        wide.copy(&mut at.store, 0, &narrow, 0, 2).unwrap();
        assert!(
            wide.get(&mut at.store, 1)
                .unwrap()
                .unwrap_anyref()
                .is_some()
        );
        // The other direction is refused, even though these elements would fit.
        let back = narrow.copy(&mut at.store, 0, &wide, 0, 2);
        refused!(back, Error::NotOfType { .. });
    });
}

// References.

#[test]
fn an_i31_is_what_31_bits_can_hold() {
    let (most, least) = ((1 << 30) - 1, -(1 << 30));
    for value in [0, 1, -1, most, least] {
        assert_eq!(I31::new_i32(value).unwrap().get_i32(), value);
    }
    for value in [most + 1, least - 1, i32::MAX, i32::MIN] {
        assert_eq!(I31::new_i32(value), None);
    }
    assert_eq!(I31::wrapping_i32(most + 1).get_i32(), least);
    assert_eq!(I31::new_u32(u32::MAX >> 1).unwrap().get_i32(), -1);
    assert_eq!(I31::new_u32(1 << 31), None);
    assert_eq!(I31::wrapping_u32(u32::MAX), I31::wrapping_i32(-1));
}

#[test]
fn an_i31_is_a_reference_without_an_object() {
    on_each_collector(|mut at| {
        let (a, b) = (at.i31(u32::MAX), at.i31(u32::MAX));
        at.store.gc().unwrap();
        assert_eq!(a.unwrap_i31(&at.store).unwrap().get_i32(), -1);
        assert!(!Rooted::rooted_eq(a, b));
        assert!(Rooted::ref_eq(&at.store, &a, &b).unwrap());
        let hash = |root: Rooted<AnyRef>| {
            let mut hasher = DefaultHasher::new();
            root.ref_hash(&at.store, &mut hasher).unwrap();
            hasher.finish()
        };
        assert_eq!(hash(a), hash(b));
        assert_eq!(at.store.stats().objects, 0);
    });
}

#[test]
fn a_cast_succeeds_for_what_the_object_is() {
    on_each_collector(|mut at| {
        let host = ExternRef::new(&mut at.store, ()).unwrap();
        let host = AnyRef::convert_extern(&mut at.store, &host).unwrap();
        let five = at.i31(5);
        let cell = at.cell(five.into()).to_anyref();
        let array = at.numbers(&[1]).to_anyref();
        let (cells, numbers) = (
            HeapType::ConcreteStruct(at.cell.clone()),
            HeapType::ConcreteArray(at.numbers.clone()),
        );
        at.store.gc().unwrap();
        let store = &at.store;
        let is = |any: Rooted<AnyRef>| {
            let is = [
                any.is_struct(store).unwrap(),
                any.is_array(store).unwrap(),
                any.is_i31(store).unwrap(),
                any.is_eqref(store).unwrap(),
            ];
            let cast = [
                any.as_struct(store).unwrap().is_some(),
                any.as_array(store).unwrap().is_some(),
                any.as_i31(store).unwrap().is_some(),
                any.as_eqref(store).unwrap().is_some(),
            ];
            assert_eq!(is, cast);
            if let Some(eq) = any.as_eqref(store).unwrap() {
                assert_eq!(eq.is_struct(store).unwrap(), is[0]);
                assert_eq!(eq.is_array(store).unwrap(), is[1]);
                assert_eq!(eq.is_i31(store).unwrap(), is[2]);
                assert_eq!(eq.ty(store).unwrap(), any.ty(store).unwrap());
            }
            (is, any.ty(store).unwrap())
        };
        assert_eq!(is(host), ([false, false, false, false], HeapType::Any));
        assert_eq!(is(five), ([false, false, true, true], HeapType::I31));
        assert_eq!(is(cell), ([true, false, false, true], cells.clone()));
        assert_eq!(is(array), ([false, true, false, true], numbers.clone()));

        for (any, of, expected) in [
            (cell, &cells, true),
            (cell, &HeapType::Struct, true),
            (cell, &numbers, false),
            (cell, &HeapType::None, false),
            (array, &numbers, true),
            (array, &HeapType::Eq, true),
            (five, &cells, false),
            (five, &HeapType::I31, true),
            (host, &HeapType::Any, true),
            (host, &HeapType::Eq, false),
            (host, &HeapType::Exn, false),
        ] {
            assert_eq!(any.matches_ty(store, of).unwrap(), expected, "{of:?}");
        }
        let cell = cell.unwrap_struct(store).unwrap();
        assert!(cell.matches_ty(store, &at.cell).unwrap());
        assert!(!cell.matches_ty(store, &at.constant).unwrap());
    });
}

#[test]
fn a_struct_is_one_of_its_supertypes() {
    on_each_collector(|mut at| {
        let open = Finality::NonFinal;
        let x = var(ValType::I32);
        let above =
            StructType::with_finality_and_supertype(&at.engine, open, None, [x.clone()]).unwrap();
        let fields = [x.clone(), x];
        let below = StructType::with_finality_and_supertype(&at.engine, open, Some(&above), fields)
            .unwrap();
        let low = StructRef::new_default(&mut at.store, &below).unwrap();
        let high = StructRef::new_default(&mut at.store, &above).unwrap();
        assert!(low.matches_ty(&at.store, &above).unwrap());
        assert!(low.matches_ty(&at.store, &below).unwrap());
        assert!(!high.matches_ty(&at.store, &below).unwrap());
        assert_eq!(low.ty(&at.store).unwrap(), below);
    });
}

#[test]
fn a_cast_gives_the_same_root() {
    on_each_collector(|mut at| {
        let mut scope = RootScope::new(&mut at.store).unwrap();
        let cell = StructRef::new_default(&mut scope, &at.cell).unwrap();
        let any: Rooted<AnyRef> = cell.into();
        let eq: Rooted<EqRef> = cell.into();
        let back = any.as_struct(&scope).unwrap().unwrap();
        assert!(Rooted::rooted_eq(cell, back));
        assert!(Rooted::rooted_eq(any, eq.to_anyref()));
        let kept: ManuallyRooted<AnyRef> = cell.to_manually_rooted(&mut scope).unwrap().into();
        drop(scope);
        at.store.gc().unwrap();
        refused!(any.is_struct(&at.store), Error::Unrooted { .. });
        refused!(back.field(&mut at.store, 0), Error::Unrooted { .. });

        // A cast of a manual root.
        let borrowed = kept.unwrap_struct(&at.store).unwrap();
        assert!(borrowed.matches_ty(&at.store, &at.cell).unwrap());
        assert_eq!(at.store.stats().manual_roots, 1);
        kept.unroot(&mut at.store).unwrap();
        refused!(borrowed.field(&mut at.store, 0), Error::Unrooted { .. });

        let cell = at
            .cell(Val::AnyRef(None))
            .to_manually_rooted(&mut at.store)
            .unwrap();
        let eq: ManuallyRooted<EqRef> = cell.into();
        let any: ManuallyRooted<AnyRef> = eq.into();
        any.unroot(&mut at.store).unwrap();
        let array = at.numbers(&[1]).to_manually_rooted(&mut at.store).unwrap();
        let eq = array.to_eqref();
        assert!(eq.is_array(&at.store).unwrap());
        drop(eq.to_anyref());
        at.store.gc().unwrap();
        assert_eq!(at.store.stats().manual_roots, 0);
        assert_eq!(at.store.stats().stale_unroots, 0);
    });
}

#[test]
#[should_panic(expected = "not a struct")]
fn a_wrong_cast_that_is_insisted_on_panics() {
    let mut at = fixture(&Engine::default());
    let five = at.i31(5);
    let _ = five.unwrap_struct(&at.store);
}

#[test]
fn what_is_external_belongs_to_the_slot() {
    on_each_collector(|mut at| {
        let host = ExternRef::new(&mut at.store, 7u32).unwrap();
        let cell = at.cell(Val::AnyRef(None));
        let outside = ExternRef::convert_any(&mut at.store, &cell.to_anyref()).unwrap();
        let inside = AnyRef::convert_extern(&mut at.store, &host).unwrap();
        refused!(outside.data(&at.store), Error::TypeMismatch { .. });
        let back = AnyRef::convert_extern(&mut at.store, &outside).unwrap();
        assert!(Rooted::ref_eq(&at.store, &back, &cell.to_anyref()).unwrap());

        // Fields of both types take both references.
        let fields = [var(RefType::EXTERNREF), var(RefType::ANYREF)];
        let of = StructType::new(&at.engine, fields).unwrap();
        for values in [
            [host.into(), cell.into()],
            [Val::from(inside), Val::from(outside)],
        ] {
            let both = StructRef::new(&mut at.store, &of, &values).unwrap();
            at.store.gc().unwrap();
            let host = both
                .field(&mut at.store, 0)
                .unwrap()
                .unwrap_externref()
                .unwrap();
            let data = host.data(&at.store).unwrap().unwrap();
            assert_eq!(data.downcast_ref(), Some(&7u32));
            let cell = both
                .field(&mut at.store, 1)
                .unwrap()
                .unwrap_anyref()
                .unwrap();
            assert!(cell.is_struct(&at.store).unwrap());
        }
        at.store.verify().unwrap();
    });
}

// Exceptions.

#[test]
fn an_exception_has_its_tag_and_its_fields() {
    on_each_collector(|mut at| {
        let params = [
            ValType::I64,
            RefType::EXTERNREF.into(),
            RefType::ANYREF.into(),
        ];
        let (tag, other) = (at.tag(params.clone()), at.tag(params.clone()));
        let host = ExternRef::new(&mut at.store, "why").unwrap();
        let values = [Val::I64(-5), host.into(), Val::AnyRef(None)];
        let thrown = ExnRef::new(&mut at.store, &tag, &values).unwrap();
        at.store.gc().unwrap();

        assert_eq!(thrown.tag(&at.store).unwrap(), tag);
        assert_ne!(tag, other);
        assert_eq!(HashSet::from([tag, other, tag]).len(), 2);
        let of = tag.ty(&at.store).unwrap();
        assert_eq!(of, other.ty(&at.store).unwrap());
        assert_eq!(of.params().collect::<Vec<_>>(), params);
        let read: Vec<_> = thrown.fields(&mut at.store).unwrap().collect();
        assert_eq!((read.len(), read[0].unwrap_i64()), (3, -5));
        let why = read[1].unwrap_externref().unwrap();
        let why = why.data(&at.store).unwrap().unwrap();
        assert_eq!(why.downcast_ref(), Some(&"why"));
        assert!(
            thrown
                .field(&mut at.store, 2)
                .unwrap()
                .unwrap_anyref()
                .is_none()
        );
        at.store.verify().unwrap();
    });
}

#[test]
fn a_wrong_exception_is_refused() {
    on_each_collector(|mut at| {
        let results = FuncType::new(&at.engine, [], [ValType::I32]).unwrap();
        refused!(
            Tag::new(&mut at.store, &results),
            Error::TypeMismatch { .. }
        );
        let tag = at.tag([ValType::I32]);
        let new = |at: &mut Fixture, tag: &Tag, values: &[Val]| {
            ExnRef::new(&mut at.store, tag, values).map(drop)
        };
        refused!(
            new(&mut at, &tag, &[]),
            Error::WrongCount {
                count: 0,
                needed: 1
            }
        );
        refused!(
            new(&mut at, &tag, &[Val::I64(1)]),
            Error::WrongValue { index: 0, .. }
        );
        let mut other = fixture(&at.engine);
        let foreign = other.tag([ValType::I32]);
        refused!(
            new(&mut at, &foreign, &[Val::I32(1)]),
            Error::WrongStore { .. }
        );
        refused!(foreign.ty(&at.store), Error::WrongStore { .. });
        assert_eq!(at.store.stats().objects, 0);

        let thrown = ExnRef::new(&mut at.store, &tag, &[Val::I32(1)]).unwrap();
        refused!(thrown.field(&mut at.store, 1), Error::OutOfBounds { .. });
        // An exception is neither internal nor external.
        let cell = at.cell(Val::AnyRef(None));
        let set = cell.set_field(&mut at.store, 0, thrown.into());
        refused!(set, Error::WrongValue { index: 0, .. });
    });
}

// Handles.

/// Calls every function that takes references. All calls must be refused.
fn refuse_all(at: &mut Fixture, all: &All, check: impl Fn(Error)) {
    let live = at.cell(Val::AnyRef(None));
    let table = ArrayRef::new_default(&mut at.store, &at.table, 1).unwrap();
    let tag = at.tag([RefType::ANYREF.into()]);
    let before = at.store.stats().objects;
    let (cell, numbers, cells) = (
        at.cell.clone(),
        at.numbers.clone(),
        HeapType::ConcreteStruct(at.cell.clone()),
    );
    let store = &mut at.store;
    macro_rules! refuse {
        ($($call:expr;)+) => { $(check(error($call));)+ };
    }
    let All {
        st,
        ar,
        ex,
        any,
        eq,
        host,
    } = all;
    let value = Val::from(*st);
    let mut hasher = DefaultHasher::new();
    refuse! {
        st.ty(&*store); st.matches_ty(&*store, &cell); st.field(&mut *store, 0);
        st.fields(&mut *store); st.set_field(&mut *store, 0, Val::AnyRef(None));
        live.set_field(&mut *store, 0, value);
        StructRef::new(&mut *store, &cell, &[value]);
        ar.ty(&*store); ar.matches_ty(&*store, &numbers); ar.len(&*store);
        ar.is_empty(&*store); ar.get(&mut *store, 0); ar.elems(&mut *store);
        ar.set(&mut *store, 0, Val::I32(0)); ar.fill(&mut *store, 0, Val::I32(0), 1);
        ar.copy(&mut *store, 0, &table, 0, 1); table.copy(&mut *store, 0, ar, 0, 1);
        ar.read(&*store, 0, &mut [0i32]); ar.write(&mut *store, 0, &[0i32]);
        table.set(&mut *store, 0, value); table.fill(&mut *store, 0, value, 1);
        ArrayRef::new(&mut *store, &at.table, &value, 1);
        ArrayRef::new_fixed(&mut *store, &at.table, &[value]);
        ex.tag(&*store); ex.field(&mut *store, 0); ex.fields(&mut *store);
        ExnRef::new(&mut *store, &tag, &[value]);
        any.ty(&*store); any.matches_ty(&*store, &cells); any.is_struct(&*store);
        any.as_struct(&*store); any.unwrap_struct(&*store); any.is_array(&*store);
        any.as_array(&*store); any.unwrap_array(&*store); any.is_i31(&*store);
        any.as_i31(&*store); any.unwrap_i31(&*store); any.is_eqref(&*store);
        any.as_eqref(&*store); any.unwrap_eqref(&*store);
        eq.ty(&*store); eq.matches_ty(&*store, &cells); eq.is_struct(&*store);
        eq.as_struct(&*store); eq.unwrap_struct(&*store); eq.is_array(&*store);
        eq.as_array(&*store); eq.unwrap_array(&*store); eq.is_i31(&*store);
        eq.as_i31(&*store); eq.unwrap_i31(&*store);
        ExternRef::convert_any(&mut *store, any);
        AnyRef::convert_extern(&mut *store, host);
        st.to_manually_rooted(&mut *store); ex.to_manually_rooted(&mut *store);
        Rooted::ref_eq(&*store, ar, ar); eq.ref_hash(&*store, &mut hasher);
        RootScope::new(&mut *store).unwrap().escape(ex);
    }
    assert!(
        live.field(&mut *store, 0)
            .unwrap()
            .unwrap_anyref()
            .is_none()
    );
    assert!(table.get(&mut *store, 0).unwrap().unwrap_anyref().is_none());
    assert_eq!(store.stats().objects, before);
    store.verify().unwrap();
}

/// A reference of each type.
struct All {
    st: Rooted<StructRef>,
    ar: Rooted<ArrayRef>,
    ex: Rooted<ExnRef>,
    any: Rooted<AnyRef>,
    eq: Rooted<EqRef>,
    host: Rooted<ExternRef>,
}

fn one_of_each(at: &mut Fixture) -> All {
    let st = at.cell(Val::AnyRef(None));
    let tag = at.tag([]);
    All {
        st,
        ar: at.numbers(&[1, 2, 3]),
        ex: ExnRef::new(&mut at.store, &tag, &[]).unwrap(),
        any: at.i31(5),
        eq: st.to_eqref(),
        host: ExternRef::new(&mut at.store, ()).unwrap(),
    }
}

#[test]
fn stale_references_are_refused_everywhere() {
    on_each_collector(|mut at| {
        // The handles are of a scope that ends. New roots then use its slots again.
        let outer = at.store.stats().scoped_roots;
        let stale = {
            let (cell, numbers) = (at.cell.clone(), at.numbers.clone());
            let nothing = FuncType::new(&at.engine, [], []).unwrap();
            let mut scope = RootScope::new(&mut at.store).unwrap();
            let tag = Tag::new(&mut scope, &nothing).unwrap();
            let st = StructRef::new_default(&mut scope, &cell).unwrap();
            All {
                st,
                ar: ArrayRef::new_default(&mut scope, &numbers, 3).unwrap(),
                ex: ExnRef::new(&mut scope, &tag, &[]).unwrap(),
                any: AnyRef::from_i31(&mut scope, I31::default()).unwrap(),
                eq: st.to_eqref(),
                host: ExternRef::new(&mut scope, ()).unwrap(),
            }
        };
        assert_eq!(at.store.stats().scoped_roots, outer);
        at.store.gc().unwrap();
        one_of_each(&mut at);
        refuse_all(&mut at, &stale, |error| {
            assert!(matches!(error, Error::Unrooted { .. }), "{error}");
        });
    });
}

#[test]
fn references_of_another_store_are_refused_everywhere() {
    on_each_collector(|mut at| {
        // The engine is the same, so the types are equal.
        let mut other = fixture(&at.engine);
        let foreign = one_of_each(&mut other);
        let check = |error| assert!(matches!(error, Error::WrongStore { .. }), "{error}");
        refuse_all(&mut at, &foreign, check);
        drop(other);
        refuse_all(&mut at, &foreign, check);
    });
}

#[test]
fn objects_that_do_not_fit_are_refused() {
    let engine = Engine::new(Config::new().heap_limit(64 << 10)).unwrap();
    let mut at = fixture(&engine);
    let kept = at.cell(Val::AnyRef(None));
    let table = at.table.clone();
    for len in [1 << 20, u32::MAX] {
        let refused = ArrayRef::new_default(&mut at.store, &table, len);
        refused!(refused, Error::HeapLimit { .. });
    }
    let full = loop {
        let value = Val::from(kept);
        if let Err(error) = StructRef::new(&mut at.store, &at.cell, &[value]) {
            break error;
        }
    };
    refused!(anyhow::Result::<()>::Err(full), Error::HeapLimit { .. });
    refused!(
        StructRef::new_default(&mut at.store, &at.cell),
        Error::HeapLimit { .. }
    );
    assert!(
        kept.field(&mut at.store, 0)
            .unwrap()
            .unwrap_anyref()
            .is_none()
    );
    at.store.verify().unwrap();
}

#[test]
fn garbage_cycles_make_room() {
    let engine = Engine::new(Config::new().heap_limit(64 << 10)).unwrap();
    let mut at = fixture(&engine);
    let table = at.table.clone();
    for _ in 0..1000 {
        let mut scope = RootScope::new(&mut at.store).unwrap();
        let cycle = ArrayRef::new_default(&mut scope, &table, 100).unwrap();
        cycle.set(&mut scope, 99, cycle.into()).unwrap();
    }
    at.store.gc().unwrap();
    assert_eq!(at.store.stats().objects, 0);
    at.store.verify().unwrap();
}

#[test]
fn types_live_as_long_as_their_objects() {
    on_each_collector(|mut at| {
        let made = {
            let fields = [var(ValType::I32), var(RefType::ANYREF)];
            let passing = StructType::new(&at.engine, fields).unwrap();
            StructRef::new_default(&mut at.store, &passing).unwrap()
        };
        // If a type has died, another type may have its index.
        for count in 0..50 {
            let fields = std::iter::repeat_n(var(ValType::I64), count);
            StructType::new(&at.engine, fields).unwrap();
        }
        at.store.gc().unwrap();
        assert_eq!(made.ty(&at.store).unwrap().fields().len(), 2);
        made.set_field(&mut at.store, 1, made.into()).unwrap();
        at.store.gc().unwrap();
        assert!(
            made.field(&mut at.store, 1)
                .unwrap()
                .unwrap_anyref()
                .is_some()
        );
        at.store.verify().unwrap();
    });
}
