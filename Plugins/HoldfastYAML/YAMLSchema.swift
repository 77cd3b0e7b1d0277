/// Which plain scalars are null, booleans and numbers; all others are strings.
public enum YAMLSchema: Sendable, Hashable {
    /// The core schema of YAML 1.2 (section 10.3 of its specification), the default.
    ///
    /// `yes` is a string, `010` is ten, `0o10` is eight, `1:30` is a string.
    case core

    /// The types of YAML 1.1, for old files.
    ///
    /// `yes` is true, `010` is eight, `0b10` is two, `1_000` is a thousand, `1:30` is ninety.
    case yaml11
}
