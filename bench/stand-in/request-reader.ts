/** Takes requests out of what a client sends: arrays of strings or plain lines, many at once or cut anywhere. */
interface Found {
  readonly words: readonly string[];
  readonly end: number;
}

export class RequestReader {
  #rest = '';

  /** The words of each request that the chunk completes. One character is one byte here. */
  push(chunk: Buffer): (readonly string[])[] {
    const text = this.#rest + chunk.toString('latin1');
    const requests: (readonly string[])[] = [];
    let at = 0;
    for (let found = read(text, at); found; found = read(text, at)) {
      if (found.words.length > 0) requests.push(found.words);
      at = found.end;
    }
    this.#rest = text.slice(at);
    return requests;
  }
}

function read(text: string, at: number): Found | undefined {
  const line = readLine(text, at);
  if (!line) return undefined;
  if (!line.content.startsWith('*')) {
    return { words: line.content.split(' ').filter(word => word !== ''), end: line.end };
  }
  const words: string[] = [];
  let end = line.end;
  for (let left = Number(line.content.slice(1)); left > 0; left--) {
    const header = readLine(text, end);
    if (!header) return undefined;
    if (!/^\$\d+$/.test(header.content)) throw new Error(`not the length of a word: '${header.content}'`);
    const wordEnd = header.end + Number(header.content.slice(1));
    if (text.length < wordEnd + 2) return undefined;
    words.push(text.slice(header.end, wordEnd));
    end = wordEnd + 2;
  }
  return { words, end };
}

function readLine(text: string, at: number): { content: string; end: number } | undefined {
  const newline = text.indexOf('\n', at);
  if (newline === -1) return undefined;
  const stop = text[newline - 1] === '\r' ? newline - 1 : newline;
  return { content: text.slice(at, stop), end: newline + 1 };
}
