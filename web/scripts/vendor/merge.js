// Two texts side by side, on what text.js has of CodeMirror: there is one copy of each.
export { MergeView } from '@codemirror/merge'
