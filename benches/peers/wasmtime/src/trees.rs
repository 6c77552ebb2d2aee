//! Binary trees of structs of two references, by handles.

use wasmtime::{
    AnyRef, AsContextMut, Engine, FieldType, HeapType, Mutability, RefType, RootScope, Rooted,
    StorageType, Store, StoreContextMut, StructRef, StructRefPre, StructType, Val, ValType,
};

use crate::requests::Requests;
use crate::sizes::*;

pub const LEFT: usize = 0;
pub const RIGHT: usize = 1;

/// The type of a struct of two references to any object.
pub fn node_type(engine: &Engine) -> StructType {
    let any = ValType::Ref(RefType::new(true, HeapType::Any));
    let field = FieldType::new(Mutability::Var, StorageType::ValType(any));
    StructType::new(engine, [field.clone(), field]).expect("a valid type")
}

pub fn new_node(
    mut store: impl AsContextMut,
    pre: &StructRefPre,
    children: [Option<Rooted<AnyRef>>; 2],
) -> Rooted<StructRef> {
    StructRef::new(&mut store, pre, &children.map(Val::AnyRef)).expect("room")
}

/// A field that is a node or null.
pub fn child(
    mut store: impl AsContextMut,
    node: Rooted<StructRef>,
    side: usize,
) -> Option<Rooted<StructRef>> {
    let value = node.field(&mut store, side).expect("a field");
    let child = value.unwrap_anyref()?;
    Some(child.unwrap_struct(&store).expect("a node"))
}

/// A new tree. All its nodes are rooted in the current scope, because no scope can end without one
/// of its roots.
fn new_tree(
    mut store: StoreContextMut<'_, ()>,
    pre: &StructRefPre,
    depth: u32,
) -> Rooted<StructRef> {
    if depth == 0 {
        return new_node(store, pre, [None, None]);
    }
    let left = new_tree(store.as_context_mut(), pre, depth - 1).to_anyref();
    let right = new_tree(store.as_context_mut(), pre, depth - 1).to_anyref();
    new_node(store, pre, [Some(left), Some(right)])
}

fn count_nodes(mut store: StoreContextMut<'_, ()>, tree: Rooted<StructRef>) -> u64 {
    let mut nodes = 1;
    let mut scope = RootScope::new(&mut store);
    for side in [LEFT, RIGHT] {
        let Some(child) = child(&mut scope, tree, side) else {
            break;
        };
        nodes += count_nodes(scope.as_context_mut(), child);
    }
    nodes
}

fn nodes_of(depth: u32) -> u64 {
    (2 << depth) - 1
}

/// Builds, counts and drops a tree.
fn pass_tree(
    store: &mut Store<()>,
    pre: &StructRefPre,
    depth: u32,
    requests: &mut Requests,
) -> u64 {
    requests.begin();
    let mut scope = RootScope::new(store);
    let tree = new_tree(scope.as_context_mut(), pre, depth);
    let nodes = count_nodes(scope.as_context_mut(), tree);
    drop(scope);
    if depth == TREE_LEAST {
        requests.end();
    }
    assert_eq!(nodes, nodes_of(depth));
    nodes
}

pub fn trees(engine: &Engine, requests: &mut Requests) -> u64 {
    let mut store = Store::new(engine, ());
    let pre = StructRefPre::new(&mut store, node_type(engine));
    let mut nodes = pass_tree(&mut store, &pre, TREE_DEPTH + 1, requests);
    let stays = kept_tree(&mut store, &pre, TREE_DEPTH);
    for depth in (TREE_LEAST..=TREE_DEPTH).step_by(2) {
        for _ in 0..1 << (TREE_DEPTH - depth + TREE_LEAST) {
            nodes += pass_tree(&mut store, &pre, depth, requests);
        }
    }
    let mut scope = RootScope::new(&mut store);
    let stays = stays.to_rooted(&mut scope);
    nodes + count_nodes(scope.as_context_mut(), stays)
}

/// A tree under one root.
fn kept_tree(
    store: &mut Store<()>,
    pre: &StructRefPre,
    depth: u32,
) -> wasmtime::OwnedRooted<StructRef> {
    let mut scope = RootScope::new(store);
    let tree = new_tree(scope.as_context_mut(), pre, depth);
    tree.to_owned_rooted(&mut scope).expect("a live root")
}

/// Replaces a random subtree whose depth is LIVED_TEMPORARY.
fn replace_subtree(
    mut store: StoreContextMut<'_, ()>,
    tree: Rooted<StructRef>,
    by: Rooted<StructRef>,
    random: &mut Random,
) {
    let mut scope = RootScope::new(&mut store);
    let mut parent = tree;
    for _ in LIVED_TEMPORARY + 1..LIVED_DEPTH {
        let side = random.below(2) as usize;
        parent = child(&mut scope, parent, side).expect("a node");
    }
    let by = Val::AnyRef(Some(by.to_anyref()));
    let side = random.below(2) as usize;
    parent.set_field(&mut scope, side, by).expect("a field");
}

pub fn long_lived_tree(engine: &Engine, requests: &mut Requests) -> u64 {
    let mut store = Store::new(engine, ());
    let pre = StructRefPre::new(&mut store, node_type(engine));
    let mut random = Random::new();
    let kept = kept_tree(&mut store, &pre, LIVED_DEPTH);
    let mut outer = RootScope::new(&mut store);
    let tree = kept.to_rooted(&mut outer);
    for round in 0..LIVED_ROUNDS {
        requests.begin();
        let mut scope = RootScope::new(&mut outer);
        let small = new_tree(scope.as_context_mut(), &pre, LIVED_TEMPORARY);
        if round % LIVED_REPLACE == 0 {
            replace_subtree(scope.as_context_mut(), tree, small, &mut random);
        }
        drop(scope);
        requests.end();
    }
    let nodes = count_nodes(outer.as_context_mut(), tree);
    assert_eq!(nodes, nodes_of(LIVED_DEPTH));
    nodes + LIVED_ROUNDS * nodes_of(LIVED_TEMPORARY)
}

pub fn full_collections(engine: &Engine, requests: &mut Requests) -> u64 {
    let mut store = Store::new(engine, ());
    let pre = StructRefPre::new(&mut store, node_type(engine));
    let kept = kept_tree(&mut store, &pre, COLLECTED_DEPTH);
    for _ in 0..COLLECTIONS {
        requests.begin();
        store.gc(None).expect("a collection");
        requests.end();
    }
    let mut scope = RootScope::new(&mut store);
    let tree = kept.to_rooted(&mut scope);
    let nodes = count_nodes(scope.as_context_mut(), tree);
    assert_eq!(nodes, nodes_of(COLLECTED_DEPTH));
    COLLECTIONS * nodes
}
