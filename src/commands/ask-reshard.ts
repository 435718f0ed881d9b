/**
 * What a reshard needs and the command line leaves open: how many slots, who gets them, whose they are. It is asked for
 * in the order and in the words of redis-cli, from lists where somebody sits at a screen, and else line by line.
 */
import { NodeNames } from '../report/text/names.ts';
import { nodeLines, primaryLines } from '../report/text/nodes.ts';
import { InterruptedError } from '../resp/errors.ts';
import type { Dialogue, Input, MenuItem, Terminal } from '../terminal.ts';
import type { Examined } from '../topology/diagnose.ts';
import type { NodeId } from '../topology/node.ts';
import { SLOT_COUNT } from '../topology/slot-set.ts';
import { believedNodes, type ClusterSnapshot } from '../topology/snapshot.ts';
import {
  beginInquiry,
  type Heard,
  HOW_MANY,
  hear,
  type Inquiry,
  isComplete,
  isSource,
  openDetails,
  primariesIn,
  questionFor,
  type Refused,
  refused,
  type Said,
  understood,
} from './reshard-questions.ts';

export type Asked = { readonly kind: 'said'; readonly said: Required<Said> } | Refused;

/** A pipe that says the same for ever (`yes |`) is not listened to for ever. */
export const MOST_WRONG_ANSWERS = 10;

const HOW_TO_NAME_SOURCES = `Please enter all the source node IDs.
  Type 'all' to use all the nodes as source nodes for the hash slots.
  Type 'done' once you entered all the source nodes IDs.
`;

export interface HowToAsk {
  readonly despiteFindings: boolean;
  /** Standard output belongs to a program, which gets neither questions nor lists. */
  readonly silently: boolean;
  /** Unless the nodes have been listed already. */
  readonly listsNodes?: boolean;
}

export async function askReshard(
  said: Said,
  seen: Examined,
  terminal: Terminal,
  { despiteFindings, silently, listsNodes = true }: HowToAsk,
): Promise<Asked> {
  const { snapshot } = seen;
  const begun = beginInquiry(said, seen, despiteFindings);
  if ('kind' in begun) return begun;
  if (!silently && listsNodes)
    terminal.print(`${nodeLines(snapshot, believedNodes(snapshot), terminal.paint).join('\n')}\n`);
  const { dialogue } = terminal;
  const next = dialogue
    ? (inquiry: Inquiry) => pickNext(inquiry, snapshot, dialogue)
    : lineByLine(snapshot, terminal, silently);
  let inquiry = begun;
  let wrongAnswers = 0;
  while (!isComplete(inquiry)) {
    const reply = await next(inquiry);
    if (reply.kind === 'interrupted') throw new InterruptedError();
    const open = openDetails(inquiry);
    if (reply.kind === 'nobody') return refused({ kind: 'nobody-to-ask', open });
    const heard = reply.value;
    if (heard.kind === 'refused') return heard;
    if (heard.kind === 'understood') inquiry = heard.inquiry;
    else {
      terminal.warn(heard.text, 'warning');
      if (++wrongAnswers === MOST_WRONG_ANSWERS)
        return refused({ kind: 'not-understood', open, answers: wrongAnswers });
    }
  }
  const { count, to, from } = inquiry;
  return { kind: 'said', said: { count, to, from } };
}

function lineByLine(snapshot: ClusterSnapshot, terminal: Terminal, silently: boolean) {
  let explained = false;
  return async (inquiry: Inquiry): Promise<Input<Heard>> => {
    const question = questionFor(inquiry);
    if (openDetails(inquiry)[0] === 'from' && !explained && !silently) {
      terminal.print(HOW_TO_NAME_SOURCES);
      explained = true;
    }
    const reply = await terminal.readLine(silently ? undefined : question);
    return reply.kind === 'given' ? given(hear(inquiry, reply.value.trim(), snapshot)) : reply;
  };
}

function given<T>(value: T): Input<T> {
  return { kind: 'given', value };
}

/** Asks for what is open next. */
async function pickNext(
  inquiry: Inquiry,
  snapshot: ClusterSnapshot,
  dialogue: Dialogue,
): Promise<Input<Heard>> {
  const primaries = primariesIn(snapshot);
  switch (openDetails(inquiry)[0]) {
    case 'count':
      return picked(await dialogue.askNumber(HOW_MANY, 1, SLOT_COUNT), count => ({ ...inquiry, count }));
    case 'to': {
      const choices = choicesOf(
        primaries.filter(id => !isSource(id, inquiry.from)),
        snapshot,
      );
      return picked(await dialogue.pick('What is the receiving node?', choices), to => ({ ...inquiry, to }));
    }
    default: {
      const choices = choicesOf(
        primaries.filter(id => id !== inquiry.to),
        snapshot,
      );
      const all: MenuItem<'all'> = { value: 'all', name: 'all of them', short: 'all' };
      return picked(
        await dialogue.pickSeveral('Which are the source nodes?', [all, ...choices], objectionTo),
        sources => ({ ...inquiry, from: asFrom(sources) }),
      );
    }
  }
}

function objectionTo(sources: readonly (NodeId | 'all')[]): string | undefined {
  return sources.length === 0 ? 'No source nodes given: the space bar picks them.' : undefined;
}

function asFrom(sources: readonly (NodeId | 'all')[]): readonly NodeId[] | 'all' {
  const ids = sources.filter((source): source is NodeId => source !== 'all');
  return ids.length < sources.length ? 'all' : ids;
}

function choicesOf(ids: readonly NodeId[], snapshot: ClusterSnapshot): MenuItem<NodeId>[] {
  const names = new NodeNames(snapshot);
  const lines = primaryLines(snapshot, ids);
  return ids.map((value, i) => ({ value, name: lines[i] ?? '', short: names.of(value) }));
}

function picked<T>(reply: Input<T>, learn: (value: T) => Inquiry): Input<Heard> {
  return reply.kind === 'given' ? given(understood(learn(reply.value))) : reply;
}
