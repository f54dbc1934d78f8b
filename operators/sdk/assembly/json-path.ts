/** Paths into a JSON text, such as `a.b[0]['c']`: all that a reader wants, merged into one tree. */

/** A step of the wanted paths: what of an object or array is of interest. */
export class PathNode {
  keys: ArrayBuffer[] = [];
  members: PathNode[] = [];
  indices: i32[] = [];
  elements: PathNode[] = [];
  /** Values noted here. */
  slots: i32[] = [];
  /** Members come in the same order again and again: where to look first. */
  hint: i32 = 0;

  member(name: string): PathNode {
    const key = String.UTF8.encode(name);
    const found = this.find(changetype<usize>(key), key.byteLength);
    if (found !== null) return found;
    const node = new PathNode();
    this.keys.push(key);
    this.members.push(node);
    return node;
  }

  element(index: i32): PathNode {
    const known = this.indices.indexOf(index);
    if (known >= 0) return this.elements[known];
    const node = new PathNode();
    this.indices.push(index);
    this.elements.push(node);
    return node;
  }

  find(start: usize, length: i32): PathNode | null {
    const keys = this.keys;
    const count = keys.length;
    let at = this.hint;
    for (let i = 0; i < count; i++) {
      if (at >= count) at = 0;
      const key = unchecked(keys[at]);
      if (
        key.byteLength == length &&
        memory.compare(changetype<usize>(key), start, <usize>length) == 0
      ) {
        this.hint = at + 1;
        return unchecked(this.members[at]);
      }
      at++;
    }
    return null;
  }

  get leaf(): bool {
    return this.members.length == 0 && this.elements.length == 0;
  }
}

/** Walks `a.b[0]['c']` from a node, making what is missing; null where it is malformed. */
export function addPath(from: PathNode, path: string): PathNode | null {
  let node = from;
  let at = 0;
  let first = true;
  while (at < path.length) {
    const unit = path.charCodeAt(at);
    if (unit == 0x5b) {
      const quoted = path.charCodeAt(at + 1) == 0x27;
      const close = path.indexOf(quoted ? "']" : "]", at + 1);
      if (close < 0) return null;
      if (quoted) {
        node = node.member(path.substring(at + 2, close));
        at = close + 2;
      } else {
        const index = path.substring(at + 1, close);
        if (!isIndex(index)) return null;
        node = node.element(<i32>I32.parseInt(index));
        at = close + 1;
      }
    } else {
      if (!first) {
        if (unit != 0x2e) return null;
        at++;
      }
      const begin = at;
      while (at < path.length && path.charCodeAt(at) != 0x2e && path.charCodeAt(at) != 0x5b) at++;
      if (at == begin) return null;
      node = node.member(path.substring(begin, at));
    }
    first = false;
  }
  return first ? null : node;
}

function isIndex(text: string): bool {
  if (text.length == 0 || text.length > 9) return false;
  for (let i = 0; i < text.length; i++) if (<u32>text.charCodeAt(i) - 0x30 > 9) return false;
  return true;
}
