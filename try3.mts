import { StateFeeder, BATCH_ROWS } from "/work/s/bench/state-feeder.ts";
import { buildBundle } from "/work/s/src/build/compile.ts";
import { compileKernel } from "/work/s/bench/compile-kernel.ts";
const built = await buildBundle({ entry: "/work/s/bench/state/assembly/index.ts", name: "b", source: false, memoryPages: 65536 });
const km = await compileKernel("state", ["--maximumMemory","65536"]);
const spread = (i) => BigInt.asIntN(64, BigInt(i) * 0x5851f42d4c957f2dn);
for (const n of [10000, 1000000]) {
  const bare = new WebAssembly.Instance(km).exports as any;
  bare.open(Math.ceil(Math.log2(n*1.5)), BATCH_ROWS);
  const f = new StateFeeder(built, "add");
  const data = bare.alloc(BATCH_ROWS*8);
  let worst = 0;
  const t0 = process.cpuUsage();
  for (let i=0;i<n;i+=BATCH_ROWS) { const c=f.columns(); for (let j=0;j<BATCH_ROWS;j++) c.keys[j]=spread((i+j)%n); new BigInt64Array(bare.memory.buffer,data,BATCH_ROWS).set(c.keys); const t=(()=>{const u=process.cpuUsage();return (u.user+u.system)/1000})(); f.process(); worst=Math.max(worst, (()=>{const u=process.cpuUsage();return (u.user+u.system)/1000})()-t); bare.update(data,BATCH_ROWS);}
  const res={a:[],b:[]};
  for (let r=0;r<9;r++) {
    let ta=0,tb=0; const B=100;
    for (let b=0;b<B;b++){ const c=f.columns(); for(let j=0;j<BATCH_ROWS;j++) c.keys[j]=spread(Math.floor(Math.random()*n));
      new BigInt64Array(bare.memory.buffer,data,BATCH_ROWS).set(c.keys);
      let t=(()=>{const u=process.cpuUsage();return (u.user+u.system)/1000})(); bare.update(data,BATCH_ROWS); tb+=(()=>{const u=process.cpuUsage();return (u.user+u.system)/1000})()-t;
      t=(()=>{const u=process.cpuUsage();return (u.user+u.system)/1000})(); f.process(); ta+=(()=>{const u=process.cpuUsage();return (u.user+u.system)/1000})()-t; }
    res.a.push(ta*1e6/(B*BATCH_ROWS)); res.b.push(tb*1e6/(B*BATCH_ROWS));
  }
  const m=x=>x.sort((p,q)=>p-q)[4];
  console.log(n, "engine ns", m(res.a).toFixed(1), "bare ns", m(res.b).toFixed(1), "ratio", (m(res.a)/m(res.b)).toFixed(2), "worst insert batch ms", worst.toFixed(1), "MB", f.memory.buffer.byteLength/1e6);
}
{ const f=new StateFeeder(built,"timers"); const N=1e6; let reg=0; 
  for(let i=0;i<N;i+=BATCH_ROWS){const c=f.columns(); for(let j=0;j<BATCH_ROWS;j++){c.keys[j]=spread(i+j); c.values[j]=BigInt(Math.floor(Math.random()*3600000));} const t=(()=>{const u=process.cpuUsage();return (u.user+u.system)/1000})(); f.process(); reg+=(()=>{const u=process.cpuUsage();return (u.user+u.system)/1000})()-t;}
  const n=Math.ceil(N/BATCH_ROWS)*BATCH_ROWS; let t=(()=>{const u=process.cpuUsage();return (u.user+u.system)/1000})(); f.watermark(4000000n); const fire=(()=>{const u=process.cpuUsage();return (u.user+u.system)/1000})()-t; console.log("timers register ns", (reg*1e6/n).toFixed(0), "fire ns", (fire*1e6/n).toFixed(0), f.rowsOut); }
