# The recipe for Conan 2. It builds this checkout, and needs Rust on the machine:
#
#   conan create packaging/conan            the shared object
#   conan create packaging/conan -o 'gcroots/*:shared=False'
import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.cmake import CMake, CMakeToolchain
from conan.tools.files import copy, load, rmdir

TOP = os.path.join("..", "..")
FILES = [
    "Cargo.toml", "Cargo.lock", "CMakeLists.txt", "build.rs", "build_attributes.rs", "LICENSE",
    "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md",
]
# cargo reads the manifests of the workspace's members, which are in two of the folders.
FOLDERS = [
    "benches", "cmake", "conformance", "docs", "examples", "include", "packaging/debian", "scripts", "src",
    "tests",
]


class Gcroots(ConanFile):
    name = "gcroots"
    description = "A garbage-collected heap for C and C++, with roots that cannot be misused"
    license = "Apache-2.0 WITH LLVM-exception"
    topics = ("garbage-collection", "runtime", "webassembly")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False]}
    default_options = {"shared": True}
    languages = "C"

    def set_version(self):
        manifest = load(self, os.path.join(self.recipe_folder, TOP, "Cargo.toml"))
        self.version = re.search(r'^version = "(.*)"', manifest, re.M).group(1)

    def export_sources(self):
        top = os.path.join(self.recipe_folder, TOP)
        for name in FILES:
            copy(self, name, top, self.export_sources_folder)
        for name in FOLDERS:
            copy(self, "*", os.path.join(top, name), os.path.join(self.export_sources_folder, name))

    def validate(self):
        if self.settings.os != "Linux" or self.settings.arch not in ("x86_64", "armv8"):
            raise ConanInvalidConfiguration("gcroots is for Linux on x86-64 and AArch64")

    def package_id(self):
        # The interface is that of C, and cargo builds the release form for each build type.
        del self.info.settings.compiler
        del self.info.settings.build_type

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["BUILD_TESTING"] = "OFF"
        toolchain.cache_variables["CMAKE_INSTALL_LIBDIR"] = "lib"
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build(target="gcroots_cargo")

    def package(self):
        cmake = CMake(self)
        cmake.install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        # Conan makes the files for CMake and pkg-config.
        lib = os.path.join(self.package_folder, "lib")
        rmdir(self, os.path.join(lib, "cmake"))
        rmdir(self, os.path.join(lib, "pkgconfig"))
        rmdir(self, os.path.join(self.package_folder, "share"))
        for name in os.listdir(lib):
            if name.startswith("libgcroots.so") != bool(self.options.shared):
                os.remove(os.path.join(lib, name))

    def package_info(self):
        shared = bool(self.options.shared)
        self.cpp_info.libs = ["gcroots"]
        self.cpp_info.includedirs = ["include/gcroots-" + self.version.split(".")[0]]
        self.cpp_info.set_property("cmake_file_name", "gcroots")
        self.cpp_info.set_property(
            "cmake_target_name", "gcroots::gcroots" if shared else "gcroots::static")
        self.cpp_info.set_property("pkg_config_name", "gcroots" if shared else "gcroots-static")
        if not shared:
            # Those of gcroots-static.pc.
            self.cpp_info.system_libs = ["util", "rt", "pthread", "m", "dl"]
            self.cpp_info.sharedlinkflags = ["-Wl,-z,nodelete"]
