/// A file or directory that is held open.
///
/// Its descriptor is good for as long as the object lives: who keeps one must keep the other.
package protocol OpenEntry: AnyObject, Sendable {
    var fileSystem: any FileSystem { get }
    var descriptor: Descriptor { get }
}
