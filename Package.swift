// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error)
]

let package = Package(
    name: "Holdfast",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Holdfast", targets: ["Holdfast"]),
        .library(name: "HoldfastJSON", targets: ["HoldfastJSON"]),
        .library(name: "HoldfastJSONLines", targets: ["HoldfastJSONLines"]),
        .library(name: "HoldfastYAML", targets: ["HoldfastYAML"]),
        .library(name: "HoldfastTesting", targets: ["HoldfastTesting"]),
        .executable(name: "conversations", targets: ["Conversations"]),
        .executable(name: "holdfast", targets: ["HoldfastCLI"]),
    ],
    targets: [
        // C declarations that Swift's Glibc module does not show: renameat2, open-file-description locks.
        .target(name: "CHoldfast"),
        // The kernel: documents, commits, recovery. Knows no format.
        .target(name: "Holdfast", dependencies: ["CHoldfast"], swiftSettings: strict),
        // The format library of both JSON codecs: a strict scanner, lossless values, Foundation's coders in bounds.
        .target(name: "JSONText", dependencies: ["Holdfast"], path: "Plugins/JSONText", swiftSettings: strict),
        // JSON: a value a file.
        .target(
            name: "HoldfastJSON", dependencies: ["Holdfast", "JSONText"], path: "Plugins/HoldfastJSON",
            swiftSettings: strict),
        // JSON Lines: a value a line, and arrays that grow by numbered files.
        .target(
            name: "HoldfastJSONLines", dependencies: ["Holdfast", "JSONText"], path: "Plugins/HoldfastJSONLines",
            swiftSettings: strict),
        // libyaml, from the system.
        .systemLibrary(
            name: "CLibYAML", path: "Plugins/CLibYAML", pkgConfig: "yaml-0.1",
            providers: [.apt(["libyaml-dev"]), .brew(["libyaml"])]),
        // YAML through libyaml's events.
        .target(
            name: "HoldfastYAML", dependencies: ["Holdfast", "CHoldfast", "CLibYAML"], path: "Plugins/HoldfastYAML",
            swiftSettings: strict),
        // For codec authors and hosts: a conformance suite for codecs, and what crash tests need.
        .target(name: "HoldfastTesting", dependencies: ["Holdfast"], swiftSettings: strict),
        // getopt_long and wcwidth, which Swift's Glibc module does not show.
        .target(name: "CCommandLine"),
        // What both command-line tools share: options by getopt_long, tables, progress.
        .target(name: "CommandLineKit", dependencies: ["CCommandLine", "Holdfast"], swiftSettings: strict),
        // The operator's tool, `holdfast`.
        .executableTarget(
            name: "HoldfastCLI",
            dependencies: ["Holdfast", "HoldfastJSON", "HoldfastJSONLines", "HoldfastYAML", "CommandLineKit"],
            swiftSettings: strict),
        // The example, `conversations`.
        .executableTarget(
            name: "Conversations",
            dependencies: ["Holdfast", "HoldfastJSON", "HoldfastJSONLines", "HoldfastYAML", "CommandLineKit"],
            path: "Examples/Conversations", swiftSettings: strict),
        // The README's example, line for line.
        .executableTarget(
            name: "Notes", dependencies: ["Holdfast", "HoldfastJSON", "HoldfastYAML"], path: "Examples/Notes",
            swiftSettings: strict),
        .testTarget(
            name: "HoldfastTests", dependencies: ["Holdfast", "HoldfastTesting", "store-worker"], swiftSettings: strict),
        // A process of the tests that need several.
        .executableTarget(
            name: "store-worker", dependencies: ["Holdfast"], path: "Tests/StoreWorker", swiftSettings: strict),
        // What the power-loss proof saves and checks; Tests/PowerLoss/run builds and runs it.
        .executableTarget(
            name: "PowerLossWorkload", dependencies: ["Holdfast"], path: "Tests/PowerLoss/Workload",
            swiftSettings: strict),
        // Every state that a crash, an error or another program can lead to, within bounds.
        .executableTarget(
            name: "Explore", dependencies: ["Holdfast", "HoldfastTesting"], path: "Tests/Exploration",
            swiftSettings: strict),
        .testTarget(
            name: "HoldfastJSONTests", dependencies: ["HoldfastJSON", "HoldfastTesting"], swiftSettings: strict),
        .testTarget(
            name: "HoldfastJSONLinesTests", dependencies: ["HoldfastJSONLines", "HoldfastTesting"],
            swiftSettings: strict),
        .testTarget(
            name: "HoldfastYAMLTests", dependencies: ["HoldfastYAML", "HoldfastTesting", "CLibYAML"],
            swiftSettings: strict),
        // Runs the built executables as child processes.
        .testTarget(
            name: "ConversationsTests", dependencies: ["Conversations", "HoldfastCLI", "HoldfastJSON"],
            swiftSettings: strict),
        // libyaml in a plain C loop: what the YAML benchmark compares with.
        .target(name: "YAMLBaseline", dependencies: ["CLibYAML"], path: "Tests/Benchmarks/YAMLBaseline"),
        // Speed, growth and memory of the YAML codec, with thresholds.
        .executableTarget(
            name: "YAMLBenchmark", dependencies: ["HoldfastYAML", "YAMLBaseline"], path: "Tests/Benchmarks/YAML",
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)

// The benchmarks need SQLite, which nothing else does; Tests/Benchmarks/run asks for them.
if Context.environment["HOLDFAST_BENCHMARKS"] != nil {
    package.targets += [
        // SQLite, from the system.
        .systemLibrary(
            name: "CSQLite", path: "Tests/Benchmarks/CSQLite", pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite3"])]),
        // What Holdfast is measured against, in C.
        .target(name: "Contenders", path: "Tests/Benchmarks/Contenders"),
        // Measures; Tests/Benchmarks/run builds and runs it.
        .executableTarget(
            name: "Benchmarks",
            dependencies: ["Holdfast", "HoldfastJSONLines", "HoldfastTesting", "Contenders", "CSQLite"],
            path: "Tests/Benchmarks/Harness", swiftSettings: strict),
    ]
}

// Builds of a part, with a scratch path of their own: Tests/run names the targets that it runs under a sanitizer.
if let named = Context.environment["HOLDFAST_TARGETS"]?.split(separator: ",").map(String.init) {
    package.products = []
    package.targets.removeAll { !named.contains($0.name) }
}
