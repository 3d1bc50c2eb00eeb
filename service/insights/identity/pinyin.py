"""Readings of the Han characters that Chinese names are mostly made of.

A character that is read in several ways stands where names have it. Japanese readings are not
here: they hang on the person, not on the character.
"""

from __future__ import annotations

_TABLE = """
ai 艾爱 an 安 ao 敖傲 bai 白柏 ban 班 bao 包宝保鲍 bei 贝蓓北 bi 毕碧 bin 斌彬滨宾 bing 冰兵炳
bo 波博伯勃 cai 蔡才彩 can 灿 cao 曹 cen 岑 chang 常昌畅 chao 超朝 che 车 chen 陈晨辰琛沉
cheng 程成诚承澄城 chi 池驰 chong 崇 chu 楚褚初 chuan 川传 chun 春纯淳 cong 聪丛从 cui 崔翠
da 达大 dai 戴代 dan 丹旦 dao 道 de 德 deng 邓登 di 迪狄 ding 丁定鼎 dong 东冬董栋 dou 窦 du 杜
duan 段 en 恩 fan 范凡帆繁樊 fang 方芳放房 fei 飞菲斐费 fen 芬 feng 冯峰风锋丰凤枫 fu 付傅福富芙
gan 甘 gang 刚钢 gao 高 ge 葛歌戈 geng 耿 gong 龚宫公 gu 顾古谷 guan 关官冠管 guang 光广
gui 桂贵 guo 郭国果 hai 海 han 韩涵寒汉晗翰 hang 航杭 hao 郝浩豪皓昊好 he 何贺鹤和荷禾 heng 恒衡
hong 洪红宏虹鸿弘 hou 侯 hu 胡虎湖 hua 华花桦 huai 怀 huan 欢焕环 huang 黄皇 hui 慧辉惠会卉晖
huo 霍 ji 季纪吉冀继 jia 佳家嘉贾甲 jian 建健坚剑简 jiang 江姜蒋将 jiao 娇焦 jie 杰洁捷
jin 金进锦晋瑾靳 jing 静晶敬京婧景菁 jiong 炯 ju 菊鞠 juan 娟 jun 军俊君骏钧 kai 凯开楷 kang 康
ke 柯可科克 kong 孔 kuan 宽 kun 坤昆 lai 赖来 lan 兰蓝岚澜 lang 朗 lei 雷磊蕾 leng 冷
li 李丽黎力莉立利理礼厉 lian 连莲廉 liang 梁亮良 lin 林琳霖麟临 ling 玲凌灵令 liu 刘柳 long 龙隆
lou 楼 lu 卢陆路鲁露璐 luo 罗骆洛 lv 吕 ma 马 man 曼满 mao 毛茂 mei 梅美 meng 孟梦萌蒙 mi 米
miao 苗妙 min 敏民旻 ming 明铭鸣 mo 莫墨 mu 穆慕牧木 na 娜 nan 南楠 ni 倪妮 nian 年 ning 宁凝
ou 欧 pan 潘盼 pei 裴佩沛 peng 彭鹏 pin 品 ping 平萍屏 pu 蒲普 qi 齐琪奇琦启祁其绮 qian 钱倩谦千
qiang 强 qiao 乔巧 qin 秦琴勤芹 qing 青清庆晴卿 qiu 邱秋丘 qu 屈曲 quan 全权泉 ran 然冉染
ren 任仁人 rong 荣蓉容融 rou 柔 ru 如茹儒 rui 瑞锐睿蕊芮 run 润 ruo 若 sen 森 sha 沙莎
shan 山珊善杉 shang 尚 shao 邵少绍 shen 沈申深 sheng 盛胜升生 shi 石史施诗时世士仕 shou 寿
shu 舒书淑 shuai 帅 shuang 双爽 shun 顺 si 思司斯 song 宋松 su 苏素 sui 隋 sun 孙 tai 泰
tan 谭谈 tang 唐汤 tao 涛陶桃 teng 滕腾 tian 田天甜 tie 铁 ting 婷庭廷 tong 童彤同桐通 tu 涂
wan 万婉 wang 王汪望旺 wei 伟魏威薇维卫炜玮巍蔚微韦 wen 文温雯闻 weng 翁 wu 吴武伍吾悟
xi 希西喜席曦熙溪习 xia 夏霞 xian 贤先显娴 xiang 向祥翔香湘项 xiao 肖晓小萧笑筱 xie 谢
xin 新欣鑫心昕馨辛信 xing 邢星兴杏 xiong 熊雄 xiu 秀修 xu 徐许旭绪 xuan 轩萱璇宣玄 xue 雪薛学
xun 寻勋 ya 雅亚 yan 严燕颜艳岩妍言彦阎延研 yang 杨洋阳扬 yao 姚瑶耀尧 ye 叶业
yi 怡易艺一义毅仪依伊逸翼懿 yin 尹银音殷 ying 英颖莹影应 yong 勇永咏 you 尤友佑优
yu 于余宇雨玉俞瑜语裕煜羽虞郁钰 yuan 袁元远媛源原园 yue 月岳悦越 yun 云韵芸运 zan 赞 zang 臧
ze 泽则 zeng 曾增 zhai 翟 zhan 詹展 zhang 张章 zhao 赵兆昭 zhe 哲 zhen 甄真珍振震贞
zheng 郑正政征 zhi 志智芝之知 zhong 钟中忠仲 zhou 周舟 zhu 朱祝珠竹 zhuang 庄 zhuo 卓
zi 子紫梓姿 zong 宗 zou 邹 zu 祖 zuo 左
"""
_COMPOUND = {
    "欧阳": "ouyang", "诸葛": "zhuge", "司马": "sima", "上官": "shangguan", "司徒": "situ",
    "东方": "dongfang", "皇甫": "huangfu", "尉迟": "yuchi", "公孙": "gongsun", "慕容": "murong",
}  # fmt: skip
_FLAT = _TABLE.split()
_READING = {
    char: syllable
    for syllable, chars in zip(_FLAT[::2], _FLAT[1::2], strict=True)
    for char in chars
}


def reading(name: str) -> tuple[str, str] | None:
    """Return family and given name in pinyin without tones; None where a character is unknown."""
    at = 2 if name[:2] in _COMPOUND and len(name) > 2 else 1
    family = _COMPOUND.get(name[:at]) or _READING.get(name[:at])
    given = [_READING.get(char) for char in name[at:]]
    if family is None or not 1 <= len(given) <= 2 or None in given:
        return None
    return family, "".join(part for part in given if part)
