import CommandLineKit

extension ConfigValue {
    /// Sets the value at a path of keys, and leaves everything else as it is.
    ///
    /// Mappings that are missing on the way are made. A number leads to an element of a sequence, or to the place behind
    /// the last.
    mutating func set(_ value: ConfigValue, at path: ArraySlice<String>) throws(CommandFailure) {
        guard let key = path.first else {
            self = value
            return
        }
        let rest = path.dropFirst()
        switch self {
        case .mapping(var entries):
            if let index = entries.firstIndex(where: { $0.key.utf8.elementsEqual(key.utf8) }) {
                try entries[index].value.set(value, at: rest)
            } else {
                var entry = ConfigValue.null
                try entry.set(value, at: rest)
                entries.append((key, entry))
            }
            self = .mapping(entries)
        case .array(var elements):
            guard let index = Int(key), (0...elements.count).contains(index) else {
                throw CommandFailure("`\(key)` leads to no element of a sequence of \(elements.count)")
            }
            if index == elements.count { elements.append(.null) }
            try elements[index].set(value, at: rest)
            self = .array(elements)
        case .null:
            var entry = ConfigValue.null
            try entry.set(value, at: rest)
            self = .mapping([(key, entry)])
        case .bool, .number, .string:
            throw CommandFailure("`\(key)` can't be set in a value that is no mapping; set that value first")
        }
    }
}
