import Holdfast
import HoldfastTesting

/// A kernel with one mistake, made by telling it untruths about its calls.
struct Mutant: Sendable {
    let name: String
    var lies: SimulatedMachine.Lies = []
    /// Makes the interceptor of one machine's run.
    var makeInterceptor: (@Sendable () -> SimulatedMachine.Interceptor)?

    func interceptor() -> SimulatedMachine.Interceptor? { makeInterceptor?() }
}
