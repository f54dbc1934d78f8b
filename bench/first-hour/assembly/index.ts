/**
 * An operator of some 200 lines, as an author writes them: reads a web server's log in the combined format
 * and says of each request what it was. The bench first-hour builds it.
 *
 *     127.0.0.1 - ann [10/Oct/2000:13:55:36 -0700] "GET /a/b?c HTTP/1.0" 200 2326 "http://x/" "curl/8"
 */
import { Collector, FlatMapFunction, RuntimeContext, Text } from "millrace/sdk";

const SPACE: u8 = 0x20;
const QUOTE: u8 = 0x22;
const SLASH: u8 = 0x2f;
const COLON: u8 = 0x3a;
const QUESTION: u8 = 0x3f;
const OPEN: u8 = 0x5b;
const CLOSE: u8 = 0x5d;
const BACKSLASH: u8 = 0x5c;

@row
export class LogLine {
  line!: Text;
}

@row
export class Request {
  host!: Text;
  @nullable user: Text;
  @timestamp(3) at: i64;
  method!: Text;
  path!: Text;
  @nullable query: Text;
  /** First segment of the path. */
  section!: Text;
  status: i32;
  /** 2xx, 3xx, 4xx, 5xx as 2 to 5; 0: no such status. */
  statusClass: i32;
  bytes: i64;
  isBot: bool;
  /** Directories above the file. */
  depth: i32;
}

/** Reads a text from the left; what cannot be read leaves `broken`. */
class Cursor {
  text!: Text;
  at: i32 = 0;
  broken: bool = false;

  begin(text: Text): void {
    this.text = text;
    this.at = 0;
    this.broken = false;
  }

  /** Up to the next `end`, which is skipped. */
  until(end: u8): Text {
    const text = this.text;
    const from = this.at;
    let to = from;
    while (to < text.length && text.byteAt(to) != end) {
      if (end == QUOTE && text.byteAt(to) == BACKSLASH) to++;
      to++;
    }
    if (to >= text.length) {
      this.broken = true;
      to = text.length;
    }
    this.at = to + 1;
    return text.slice(from, to);
  }

  /** Skips one byte that has to be there. */
  expect(byte: u8): void {
    if (this.at < this.text.length && this.text.byteAt(this.at) == byte) this.at++;
    else this.broken = true;
  }

  /** The rest of a number that has two digits or more. */
  digits(count: i32): i32 {
    let value = 0;
    for (let i = 0; i < count; i++) {
      const digit = this.at < this.text.length ? this.text.byteAt(this.at) - 0x30 : 255;
      if (digit > 9) {
        this.broken = true;
        return 0;
      }
      value = value * 10 + digit;
      this.at++;
    }
    return value;
  }
}

/** Days from 1970-01-01 to a day of the Gregorian calendar. */
function daysTo(year: i32, month: i32, day: i32): i64 {
  const y = month > 2 ? year : year - 1;
  const era = y / 400;
  const yearOfEra = y - era * 400;
  const dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
  return <i64>era * 146097 + <i64>dayOfEra - 719468;
}

/** Splits log lines into requests; a line that is none fails with its reason. */
@operator
export class ReadRequests extends FlatMapFunction<LogLine, Request> {
  /** Requests of bots are left out. */
  @parameter skipBots: bool = false;
  /** Smaller answers are left out, in bytes. */
  @parameter minBytes: i64 = 0;

  private cursor: Cursor = new Cursor();
  private months: Text[] = [];
  private bots: Text[] = [];
  private none: Text = Text.of("-");
  private root: Text = Text.of("(root)");

  open(context: RuntimeContext): void {
    const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
    for (let i = 0; i < months.length; i++) this.months.push(Text.of(months[i]));
    const bots = ["bot", "crawler", "spider", "slurp"];
    for (let i = 0; i < bots.length; i++) this.bots.push(Text.of(bots[i]));
  }

  flatMap(value: LogLine, out: Collector<Request>): void {
    const cursor = this.cursor;
    cursor.begin(value.line);
    const host = cursor.until(SPACE);
    cursor.until(SPACE);
    const user = cursor.until(SPACE);
    cursor.expect(OPEN);
    const at = this.time();
    cursor.expect(SPACE);
    cursor.expect(QUOTE);
    const request = cursor.until(QUOTE);
    cursor.expect(SPACE);
    const status = cursor.until(SPACE);
    const bytes = cursor.until(SPACE);
    cursor.expect(QUOTE);
    cursor.until(QUOTE);
    cursor.expect(SPACE);
    cursor.expect(QUOTE);
    const agent = cursor.until(QUOTE);
    if (cursor.broken) {
      this.failRow("not a line of the combined log format");
      return;
    }
    const isBot = this.isBot(agent);
    const size = bytes.parseInt(0);
    if ((isBot && this.skipBots) || size < this.minBytes) return;
    const row = out.row();
    row.host = host;
    if (user.equals(this.none)) row.setUserNull();
    else row.user = user;
    row.at = at;
    row.status = <i32>status.parseInt(0);
    row.statusClass = row.status >= 200 && row.status < 600 ? row.status / 100 : 0;
    row.bytes = size;
    row.isBot = isBot;
    this.readTarget(request, row);
    out.collect();
  }

  /** `10/Oct/2000:13:55:36 -0700]`, as ms since 1970 UTC. */
  private time(): i64 {
    const cursor = this.cursor;
    const day = cursor.digits(2);
    cursor.expect(SLASH);
    const month = this.months.length > 0 ? this.month(cursor.until(SLASH)) : 0;
    const year = cursor.digits(4);
    cursor.expect(COLON);
    const hour = cursor.digits(2);
    cursor.expect(COLON);
    const minute = cursor.digits(2);
    cursor.expect(COLON);
    const second = cursor.digits(2);
    cursor.expect(SPACE);
    const sign = cursor.until(CLOSE);
    const zone = sign.slice(1).parseInt(0);
    const offset = (zone / 100) * 60 + (zone % 100);
    const minutes = (daysTo(year, month, day) * 24 + hour) * 60 + minute;
    const ahead = sign.length > 0 && sign.byteAt(0) == 0x2d ? -offset : offset;
    return ((minutes - ahead) * 60 + second) * 1000;
  }

  private month(name: Text): i32 {
    for (let i = 0; i < this.months.length; i++) if (this.months[i].equals(name)) return i + 1;
    this.cursor.broken = true;
    return 1;
  }

  private isBot(agent: Text): bool {
    const lower = agent.toLowerAscii();
    for (let i = 0; i < this.bots.length; i++) if (lower.contains(this.bots[i])) return true;
    return false;
  }

  /** `GET /a/b?c HTTP/1.0` */
  private readTarget(request: Text, row: Request): void {
    const parts = request.split(SPACE);
    row.method = parts.next() ? parts.value.toUpperAscii() : this.none;
    const target = parts.next() ? parts.value : this.root;
    let end = 0;
    while (end < target.length && target.byteAt(end) != QUESTION) end++;
    row.path = target.slice(0, end);
    if (end < target.length) row.query = target.slice(end + 1);
    else row.setQueryNull();
    let depth = 0;
    let sectionEnd = end;
    for (let i = 1; i < end; i++) {
      if (target.byteAt(i) != SLASH) continue;
      if (depth++ == 0) sectionEnd = i;
    }
    row.depth = depth;
    row.section = end > 1 ? target.slice(1, sectionEnd) : this.root;
  }
}
