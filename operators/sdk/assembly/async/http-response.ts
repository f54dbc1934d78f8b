/** The answer to a request, as it came back from the host. */
import { Text, textAt } from "../text";

/** Version of an answer: docs/operator-abi.md, "Requests and answers". */
const ANSWER_VERSION: u32 = 1;
const HEADER_BYTES: usize = 12;

/**
 * An HTTP response: also one whose status is an error. Texts are views on it that live until the
 * method that got it returns.
 *
 *     const isText = response.ok && response.header("content-type").contains(Text.from("text"));
 */
export class HttpResponse {
  /** HTTP status: 200, 404, ...; a redirect is not followed. */
  status: i32 = 0;
  private headerCount: i32 = 0;
  private headersAt: usize = 0;
  private bodyAt: usize = 0;
  private bodyLength: i32 = 0;
  /** @internal Why there is no response: code and message. */
  __failureAt: usize = 0;

  /** Whether the status is one of success: 200 to 299. */
  get ok(): bool {
    return this.status >= 200 && this.status <= 299;
  }

  /** Its body; what was compressed on the way is unpacked. */
  get body(): Text {
    return textAt(this.bodyAt, this.bodyLength);
  }

  /** A header's value by its name in lower case; empty where there is none. */
  header(name: string): Text {
    const wanted = Text.from(name);
    let at = this.headersAt;
    for (let i = 0; i < this.headerCount; i++) {
      const value = behind(at);
      if (stringAt(at).equals(wanted)) return stringAt(value);
      at = behind(value);
    }
    return textAt(0, 0);
  }

  /** @internal Reads an answer. False: there is no response, __error() says why. */
  __read(start: usize, length: i32): bool {
    assert(load<u32>(start) == ANSWER_VERSION, "an answer of another version");
    this.status = load<i32>(start, 4);
    this.headerCount = load<i32>(start, 8);
    this.__failureAt = start + HEADER_BYTES;
    let at = behind(behind(this.__failureAt));
    this.headersAt = at;
    for (let i = 0; i < this.headerCount; i++) at = behind(behind(at));
    const body = stringAt(at);
    this.bodyAt = body.start;
    this.bodyLength = body.length;
    assert(behind(at) == start + <usize>length, "an answer that is cut off");
    return this.status != 0;
  }

  /** @internal `CODE: message` of a request without response. */
  __error(): string {
    const message = stringAt(behind(this.__failureAt)).toString();
    return stringAt(this.__failureAt).toString() + ": " + message;
  }
}

function stringAt(at: usize): Text {
  return textAt(at + 4, load<i32>(at));
}

function behind(at: usize): usize {
  return at + 4 + <usize>load<u32>(at);
}
