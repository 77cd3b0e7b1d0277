import FoundationEssentials

/// One call of a codec for one file, with its errors made the kernel's.
struct CodecCall {
    let document: String
    let filename: String
    let context: StoreContext

    private func codec() throws(HoldfastError) -> any ManagedFileCodec {
        guard let codec = context.codecs.codec(for: filename) else {
            throw .unmanagedFilename(filename, document: document)
        }
        return codec
    }

    func encode(
        _ value: some Encodable, currentBytes: @escaping () throws -> Data?
    ) throws(HoldfastError) -> Data {
        let codec = try codec()
        func bytes() throws -> Data? {
            do {
                return try currentBytes()
            } catch {
                throw HoldfastError.wrapping(error, document: document, file: filename)
            }
        }
        do {
            return try codec.encode(
                value, in: CodecContext(filename: filename, userInfo: context.options.userInfo, currentBytes: bytes))
        } catch {
            throw failure(.encodingFailed, "the value can't be encoded as \(codec.format); nothing was saved", error)
        }
    }

    func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws(HoldfastError) -> Value {
        let codec = try codec()
        do {
            return try codec.decode(type, from: data, in: codecContext)
        } catch {
            throw failure(.decodingFailed, "the file can't be decoded from \(codec.format) as \(type)", error)
        }
    }

    func validate(_ data: Data) throws(HoldfastError) {
        let codec = try codec()
        do {
            try codec.validate(data, in: codecContext)
        } catch {
            throw failure(.invalidContent, "the file is not valid \(codec.format)", error)
        }
    }

    private var codecContext: CodecContext { CodecContext(filename: filename, userInfo: context.options.userInfo) }

    private func failure(_ code: HoldfastError.Code, _ message: String, _ error: any Error) -> HoldfastError {
        // Reading the current bytes for the codec may have failed; that is no fault of the value's.
        if let error = error as? HoldfastError { return error }
        return HoldfastError(code, message, document: document, file: filename, underlying: error)
    }
}
