//! Random rec groups. Some are new and some are near copies of earlier groups, so that
//! many groups are equal, nearly equal, valid or nearly valid.

use crate::types::*;

/// A concrete type in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// A member of the same group, by its position. The group may be too short to have it.
    Member(u32),
    /// A type of an earlier group, by its index in the collection.
    Earlier(u32),
}

pub(super) type Member = SubType<Name>;
pub(super) type Group = Vec<Member>;

/// A generator of random numbers (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number
/// Generators", OOPSLA 2014).
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number less than `limit`, which is not 0.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

fn copy(member: &Member) -> Member {
    member.rename(Ok).unwrap()
}

fn rename_all(group: &mut Group, mut rename: impl FnMut(Name) -> Name) {
    for member in group {
        *member = member.rename(|name| Ok(rename(name))).unwrap();
    }
}

/// The groups of a collection so far.
#[derive(Default)]
pub(super) struct Collection {
    pub(super) groups: Vec<Group>,
    /// The group and the position of each type.
    places: Vec<(usize, u32)>,
    /// A number for each type. Equal types have the same number.
    pub(super) same: Vec<u32>,
}

impl Collection {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn push(&mut self, group: Group) {
        let number = self.groups.len();
        self.places
            .extend((0..group.len() as u32).map(|position| (number, position)));
        self.groups.push(group);
    }

    /// A group to add: a new group, or an earlier group with at most one change.
    pub(super) fn candidate(&self, random: &mut Random) -> Group {
        if self.groups.is_empty() || random.percent(30) {
            return self.new_group(random);
        }
        let earlier = &self.groups[random.below(self.groups.len())];
        let mut group: Group = earlier.iter().map(copy).collect();
        match random.below(4) {
            0 => {}
            1 => group = self.under_other_names(&group, random),
            _ => self.mutate(&mut group, random),
        }
        group
    }

    /// The same collection with `first` in front.
    pub(super) fn after(&self, first: Group) -> Collection {
        let shift = first.len() as u32;
        let mut shifted = Collection::default();
        shifted.push(first);
        for group in &self.groups {
            let rename = |name| {
                Ok(match name {
                    Name::Earlier(index) => Name::Earlier(index + shift),
                    member => member,
                })
            };
            let members = group.iter().map(|member| member.rename(rename).unwrap());
            shifted.push(members.collect());
        }
        shifted
    }

    fn new_group(&self, random: &mut Random) -> Group {
        let mut group = Group::new();
        let members = [0, 1, 1, 1, 1, 2, 2, 3, 4, 5][random.below(10)];
        for _ in 0..members {
            let member = self.member(&group, members, random);
            group.push(member);
        }
        group
    }

    fn member(&self, before: &[Member], members: usize, random: &mut Random) -> Member {
        let is_final = random.percent(25);
        if self.len() + before.len() > 0 && random.percent(50) {
            let mut derived = self.derived(before, random);
            if random.percent(40) {
                self.mutate_member(&mut derived, members, random);
            }
            return derived;
        }
        let value = |random: &mut Random| self.value(members, random);
        let values = |random: &mut Random| (0..random.below(3)).map(|_| value(random)).collect();
        let composite = match random.below(3) {
            0 => {
                let fields = random.below(4);
                let field = |_| self.field(members, random);
                Composite::Struct((0..fields).map(field).collect())
            }
            1 => Composite::Array(self.field(members, random)),
            _ => Composite::Func {
                params: values(random),
                results: values(random),
            },
        };
        SubType {
            is_final,
            supertype: random.percent(10).then(|| self.name(members, random)),
            composite,
        }
    }

    /// A subtype of an earlier member, or of a type of an earlier group. Where the
    /// supertype refers to itself, the subtype refers to the supertype, or sometimes to
    /// itself.
    fn derived(&self, before: &[Member], random: &mut Random) -> Member {
        let own = Name::Member(before.len() as u32);
        let refine = random.percent(30);
        let choice = random.below(self.len() + before.len());
        let (supertype, above, start) = match choice.checked_sub(self.len()) {
            Some(position) => (Name::Member(position as u32), &before[position], None),
            None => {
                let (group, position) = self.places[choice];
                let start = choice as u32 - position;
                let above = &self.groups[group][position as usize];
                (Name::Earlier(choice as u32), above, Some(start))
            }
        };
        let rename = |name| {
            let name = match (name, start) {
                (Name::Member(position), Some(start)) => Name::Earlier(start + position),
                (name, _) => name,
            };
            Ok(if refine && name == supertype {
                own
            } else {
                name
            })
        };
        let mut derived = above.rename(rename).unwrap();
        derived.is_final = random.percent(25);
        derived.supertype = Some(supertype);
        if let Composite::Struct(fields) = &mut derived.composite
            && random.percent(50)
        {
            fields.push(self.field(before.len() + 1, random));
        }
        derived
    }

    fn name(&self, members: usize, random: &mut Random) -> Name {
        if self.len() > 0 && random.percent(50) {
            return Name::Earlier(random.below(self.len()) as u32);
        }
        let beyond = usize::from(random.percent(1));
        Name::Member(random.below(members.max(1) + beyond) as u32)
    }

    fn value(&self, members: usize, random: &mut Random) -> ValType<Name> {
        match random.below(12) {
            0 => ValType::I32,
            1 => ValType::I64,
            2 => ValType::F32,
            3 => ValType::F64,
            4 => ValType::V128,
            _ => ValType::Ref(RefType {
                nullable: random.percent(50),
                heap: if random.percent(50) {
                    HeapType::Concrete(self.name(members, random))
                } else {
                    HeapType::Abstract(AbstractType::WASM[random.below(AbstractType::WASM.len())])
                },
            }),
        }
    }

    fn field(&self, members: usize, random: &mut Random) -> FieldType<Name> {
        FieldType {
            storage: match random.below(10) {
                0 => StorageType::I8,
                1 => StorageType::I16,
                _ => StorageType::Val(self.value(members, random)),
            },
            mutable: random.percent(35),
        }
    }

    /// The same group, with the indices of equal types.
    fn under_other_names(&self, group: &[Member], random: &mut Random) -> Group {
        let mut other = |name| {
            let Name::Earlier(index) = name else {
                return Ok(name);
            };
            let same = |&other: &usize| self.same[other] == self.same[index as usize];
            let equal: Vec<_> = (0..self.len()).filter(same).collect();
            Ok(Name::Earlier(equal[random.below(equal.len())] as u32))
        };
        let members = group.iter().map(|member| member.rename(&mut other));
        members.collect::<Result<_, _>>().unwrap()
    }

    fn mutate(&self, group: &mut Group, random: &mut Random) {
        let members = group.len();
        match random.below(10) {
            0 => {
                let member = self.member(group, members + 1, random);
                group.push(member);
            }
            1 => drop(group.pop()),
            2 if members > 1 => group.swap(0, random.below(members - 1) + 1),
            3..=5 => self.mutate_name(group, random),
            _ if members > 0 => {
                let member = random.below(members);
                self.mutate_member(&mut group[member], members, random);
            }
            _ => {}
        }
    }

    /// Makes one reference to a concrete type refer to another type.
    fn mutate_name(&self, group: &mut Group, random: &mut Random) {
        let mut names = 0;
        rename_all(group, |name| {
            names += 1;
            name
        });
        if names > 0 {
            let (changed, members) = (random.below(names), group.len());
            let mut at = 0..;
            rename_all(group, |name| match at.next() == Some(changed) {
                true => self.name(members, random),
                false => name,
            });
        }
    }

    fn mutate_member(&self, member: &mut Member, members: usize, random: &mut Random) {
        match random.below(8) {
            0 => member.is_final = !member.is_final,
            1 => member.supertype = None,
            2 => member.supertype = Some(self.name(members, random)),
            _ => match &mut member.composite {
                Composite::Struct(fields) => match random.below(5) {
                    0 => fields.push(self.field(members, random)),
                    1 => drop(fields.pop()),
                    _ if fields.is_empty() => {}
                    _ => {
                        let field = random.below(fields.len());
                        self.mutate_field(&mut fields[field], members, random);
                    }
                },
                Composite::Array(element) => self.mutate_field(element, members, random),
                Composite::Func { params, results } => {
                    let values = if random.percent(50) { params } else { results };
                    match random.below(5) {
                        0 => values.push(self.value(members, random)),
                        1 => drop(values.pop()),
                        _ if values.is_empty() => {}
                        _ => {
                            let value = random.below(values.len());
                            self.mutate_value(&mut values[value], members, random);
                        }
                    }
                }
            },
        }
    }

    fn mutate_field(&self, field: &mut FieldType<Name>, members: usize, random: &mut Random) {
        match (random.below(4), &mut field.storage) {
            (0, _) => field.mutable = !field.mutable,
            (1..=2, StorageType::Val(value)) => self.mutate_value(value, members, random),
            _ => *field = self.field(members, random),
        }
    }

    fn mutate_value(&self, value: &mut ValType<Name>, members: usize, random: &mut Random) {
        match value {
            ValType::Ref(reference) if random.percent(50) => {
                reference.nullable = !reference.nullable;
            }
            _ => *value = self.value(members, random),
        }
    }
}
