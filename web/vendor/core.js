import{a as s}from"./shared-QGUV5NZB.js";import{da as a,k as r,q as e}from"./shared-RQWDNGQC.js";export{a as Y,s as awareness,e as decoding,r as encoding};
