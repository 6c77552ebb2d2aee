//! Links the shared object that CMake built. GCROOTS_LIB_DIR is the build folder; by
//! default it is that of the release build.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-env-changed=GCROOTS_LIB_DIR");
    let folder = env::var("GCROOTS_LIB_DIR").unwrap_or_else(|_| "build/release".to_owned());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace");
    let lib = root.join(folder).join("lib");
    let file = lib.join("libgcroots.so");
    println!("cargo::rerun-if-changed={}", file.display());
    if !file.exists() {
        // Not an error: clippy does not link.
        println!(
            "cargo::warning={} is not there: build it with CMake",
            file.display()
        );
    }
    println!("cargo::rustc-link-search=native={}", lib.display());
    println!("cargo::rustc-link-lib=dylib=gcroots");
    println!("cargo::rustc-link-arg=-Wl,-rpath,{}", lib.display());
}
