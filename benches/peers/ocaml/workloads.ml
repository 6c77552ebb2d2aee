(* The workloads in OCaml, with the sizes of benches/workloads/sizes.h. A program's argument
   names the workload. Without an argument it prints the names. *)

let tree_depth, tree_least = 18, 4
let lived_depth, lived_temporary, lived_rounds, lived_replace = 18, 5, 200_000, 8
let graph_nodes, graph_edges, graph_changes, graph_makes = 1 lsl 18, 4, 4_000_000, 4
let queue_length, queue_passes = 1 lsl 18, 4_000_000
let index_buckets, index_words, index_vocabulary = 1 lsl 15, 3_000_000, 1 lsl 17
let collected_depth, collections = 18, 40
let request = 100

(* The random numbers of benches/workloads/random.h. *)
let state = ref 1

let random_next () =
  state := (!state * 1664525 + 1013904223) land 0xffff_ffff;
  !state

let random_below bound =
  let high = random_next () lsr 16 in
  let low = random_next () lsr 16 in
  (((high lsl 16) lor low) * bound) lsr 32

(* The times of the requests, in nanoseconds, outside of the heap. *)
let times = Bigarray.Array1.create Bigarray.float32 Bigarray.c_layout (1 lsl 19)
let requests = ref 0
let began = ref 0.
let request_begins () = began := Unix.gettimeofday ()

let request_ends () =
  times.{!requests} <- 1e9 *. (Unix.gettimeofday () -. !began);
  incr requests

type node = Leaf | Node of { mutable left : node; mutable right : node }

let rec new_tree depth =
  if depth = 0 then Node { left = Leaf; right = Leaf }
  else
    let left = new_tree (depth - 1) in
    let right = new_tree (depth - 1) in
    Node { left; right }

let rec count_nodes = function
  | Leaf -> 0
  | Node { left; right } -> 1 + count_nodes left + count_nodes right

let nodes_of depth = (2 lsl depth) - 1

let pass_tree depth =
  request_begins ();
  let nodes = count_nodes (new_tree depth) in
  if depth = tree_least then request_ends ();
  assert (nodes = nodes_of depth);
  nodes

let trees () =
  let nodes = ref (pass_tree (tree_depth + 1)) in
  let stays = new_tree tree_depth in
  let depth = ref tree_least in
  while !depth <= tree_depth do
    for _ = 1 to 1 lsl (tree_depth - !depth + tree_least) do
      nodes := !nodes + pass_tree !depth
    done;
    depth := !depth + 2
  done;
  !nodes + count_nodes stays

let rec replace_subtree tree depth by =
  match tree with
  | Leaf -> assert false
  | Node children ->
    let side = random_below 2 in
    if depth = lived_temporary + 1 then
      if side = 0 then children.left <- by else children.right <- by
    else replace_subtree (if side = 0 then children.left else children.right) (depth - 1) by

let long_lived_tree () =
  let tree = new_tree lived_depth in
  for round = 0 to lived_rounds - 1 do
    request_begins ();
    let small = new_tree lived_temporary in
    if round mod lived_replace = 0 then replace_subtree tree lived_depth small
    else ignore (Sys.opaque_identity small);
    request_ends ()
  done;
  assert (count_nodes tree = nodes_of lived_depth);
  nodes_of lived_depth + (lived_rounds * nodes_of lived_temporary)

let full_collections () =
  let tree = new_tree collected_depth in
  for _ = 1 to collections do
    request_begins ();
    Gc.full_major ();
    request_ends ()
  done;
  assert (count_nodes tree = nodes_of collected_depth);
  collections * nodes_of collected_depth

type vertex = Nowhere | Vertex of vertex array

let graph () =
  let all = Array.make graph_nodes Nowhere in
  let replace at =
    let edges = Array.make graph_edges Nowhere in
    for edge = 0 to graph_edges - 1 do
      edges.(edge) <- all.(random_below graph_nodes)
    done;
    all.(at) <- Vertex edges
  in
  for at = 0 to graph_nodes - 1 do replace at done;
  for step = 0 to graph_changes - 1 do
    if step mod request = 0 then request_begins ();
    (if step mod graph_makes = 0 then replace (random_below graph_nodes)
     else
       match all.(random_below graph_nodes) with
       | Nowhere -> assert false
       | Vertex edges ->
         let target = all.(random_below graph_nodes) in
         edges.(random_below graph_edges) <- target);
    if step mod request = request - 1 then request_ends ()
  done;
  graph_nodes + graph_changes

let queue () =
  let element () = Node { left = Leaf; right = Leaf } in
  let first = ref (element ()) in
  let last = ref !first in
  for step = 1 to queue_length + queue_passes - 1 do
    if step mod request = 0 then request_begins ();
    let added = element () in
    (match !last with Node last -> last.right <- added | Leaf -> assert false);
    last := added;
    if step >= queue_length then
      (match !first with Node removed -> first := removed.right | Leaf -> assert false);
    if step mod request = request - 1 && step > request then request_ends ()
  done;
  queue_length + queue_passes

(* A list of places lies outside OCaml's heap. *)
type places = (int32, Bigarray.int32_elt, Bigarray.c_layout) Bigarray.Array1.t
type entry = { word : string; number : int; mutable places : places; next : entry option }

let text_index () =
  let buckets = Array.make index_buckets None in
  let new_list number place before =
    let list = Bigarray.(Array1.create int32 c_layout 8) in
    (match before with Some before -> Bigarray.Array1.blit before list | None -> Bigarray.Array1.fill list 0l);
    list.{0} <- Int32.of_int number;
    let count = Int32.to_int list.{1} in
    list.{2 + (count mod 6)} <- Int32.of_int place;
    list.{1} <- Int32.of_int (count + 1);
    list
  in
  let rec find number = function
    | Some entry when entry.number <> number -> find number entry.next
    | found -> found
  in
  for place = 0 to index_words - 1 do
    let number = random_below (1 + random_below index_vocabulary) in
    let bucket = number * 2654435761 land 0xffff_ffff mod index_buckets in
    if place mod request = 0 then request_begins ();
    (match find number buckets.(bucket) with
     | Some entry -> entry.places <- new_list number place (Some entry.places)
     | None ->
       let word = Printf.sprintf "word-%d" number in
       let places = new_list number place None in
       buckets.(bucket) <- Some { word; number; places; next = buckets.(bucket) });
    if place mod request = request - 1 then request_ends ()
  done;
  index_words

let peak_bytes () =
  let status = open_in "/proc/self/status" in
  let rec find () =
    let line = input_line status in
    try Scanf.sscanf line "VmHWM: %d kB" (fun kibibytes -> kibibytes * 1024)
    with Scanf.Scan_failure _ | End_of_file | Failure _ -> find ()
  in
  let bytes = find () in
  close_in status;
  bytes

let run name body =
  let before = Sys.time () in
  let units = body () in
  let took = 1e9 *. (Sys.time () -. before) in
  let peak = peak_bytes () in
  let sorted = Array.init !requests (fun i -> times.{i}) in
  Array.sort compare sorted;
  let percentile share = sorted.(int_of_float (share *. float (!requests - 1))) in
  Printf.printf "workload\t%s\t%d\t%.0f\t%d\t%.0f\t%.0f\t%.0f\t%.0f\n" name units took peak
    (percentile 0.5) (percentile 0.99) (percentile 0.999) (percentile 1.)

let workloads =
  [ "trees", trees; "long_lived_tree", long_lived_tree;
    "full_collections", full_collections; "graph", graph; "queue", queue;
    "text_index", text_index ]

let () =
  match Sys.argv with
  | [| _; name |] -> run name (List.assoc name workloads)
  | _ -> List.iter (fun (name, _) -> print_endline name) workloads
