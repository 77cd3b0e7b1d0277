// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error)
]

// A codec of a third party: a package of its own, on the public API of Holdfast alone.
let package = Package(
    name: "CBORCodec",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "CBORCodec", targets: ["CBORCodec"])
    ],
    dependencies: [
        .package(name: "Holdfast", path: "../..")
    ],
    targets: [
        // libcbor, from the system.
        .systemLibrary(
            name: "CLibCBOR", pkgConfig: "libcbor", providers: [.apt(["libcbor-dev"]), .brew(["libcbor"])]),
        // The codec.
        .target(
            name: "CBORCodec", dependencies: ["CLibCBOR", .product(name: "Holdfast", package: "Holdfast")],
            swiftSettings: strict),
        .testTarget(
            name: "CBORCodecTests",
            dependencies: [
                "CBORCodec", .product(name: "Holdfast", package: "Holdfast"),
                .product(name: "HoldfastTesting", package: "Holdfast"),
            ], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
