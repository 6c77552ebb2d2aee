# Builds the checkout that this port lies in, or that the environment's GCROOTS_SOURCE names. The
# machine needs Rust. Use the port as an overlay: vcpkg install gcroots --overlay-ports=THIS_FOLDER/..
if(DEFINED ENV{GCROOTS_SOURCE})
  set(SOURCE_PATH "$ENV{GCROOTS_SOURCE}")
else()
  get_filename_component(SOURCE_PATH "${CURRENT_PORT_DIR}/../../../.." ABSOLUTE)
endif()
if(NOT EXISTS "${SOURCE_PATH}/Cargo.toml")
  message(FATAL_ERROR "${SOURCE_PATH} is no checkout of gcroots: set GCROOTS_SOURCE, and let vcpkg "
    "keep it with VCPKG_KEEP_ENV_VARS=GCROOTS_SOURCE.")
endif()

# cargo builds one form for both of vcpkg's build types.
set(VCPKG_BUILD_TYPE release)
vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS -DBUILD_TESTING=OFF -DGCROOTS_INSTALL=ON -DCMAKE_INSTALL_LIBDIR=lib
    -DCMAKE_SKIP_INSTALL_ALL_DEPENDENCY=ON)
vcpkg_cmake_build(TARGET gcroots_cargo)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/gcroots)
vcpkg_fixup_pkgconfig()

# The installation has both forms of the library. The triplet chooses one.
if(VCPKG_LIBRARY_LINKAGE STREQUAL "static")
  file(GLOB unused "${CURRENT_PACKAGES_DIR}/lib/libgcroots.so*")
  list(APPEND unused "${CURRENT_PACKAGES_DIR}/lib/pkgconfig/gcroots.pc")
else()
  file(GLOB unused "${CURRENT_PACKAGES_DIR}/lib/*.a")
  list(APPEND unused "${CURRENT_PACKAGES_DIR}/lib/pkgconfig/gcroots-static.pc")
endif()
file(REMOVE ${unused})
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/share/doc")

vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
