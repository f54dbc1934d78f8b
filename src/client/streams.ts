/** Readers of the two kinds of streams the REST API has. */
import { MillraceError } from "../protocol/errors.ts";
import { CONTROL_MESSAGE_MAX_BYTES } from "../protocol/limits.ts";

/** An event of a `text/event-stream`. */
export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

/** Events of a response (HTML standard, "Server-sent events"); comments are skipped. */
export async function* serverSentEvents(response: Response): AsyncGenerator<ServerSentEvent> {
  let event = "message";
  let data: string[] = [];
  for await (const line of linesOf(response, "keep-empty")) {
    if (line === "") {
      if (data.length > 0) yield { event, data: data.join("\n") };
      event = "message";
      data = [];
    } else if (line.startsWith("event:")) {
      event = line.slice("event:".length).trim();
    } else if (line.startsWith("data:")) {
      data.push(line.slice("data:".length).replace(/^ /, ""));
    }
  }
}

/** Lines of a response as they come; CR before LF is dropped. */
export async function* linesOf(
  response: Response,
  empty: "skip-empty" | "keep-empty" = "skip-empty",
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of response.body ?? []) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > 2 * CONTROL_MESSAGE_MAX_BYTES) {
      throw new MillraceError("ANSWER_INVALID", "Cannot read stream: a line is too long", {
        expected: `at most ${2 * CONTROL_MESSAGE_MAX_BYTES} characters`,
      });
    }
    for (const line of lines) {
      const text = line.endsWith("\r") ? line.slice(0, -1) : line;
      if (text !== "" || empty === "keep-empty") yield text;
    }
  }
  if (rest !== "") yield rest;
}
